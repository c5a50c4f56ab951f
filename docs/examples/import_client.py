import asyncio
import sys

from sansmcp.session import LogReceived, ProgressReceived
from sansmcp_asyncio import connect


def show_progress(progress: ProgressReceived) -> None:
    print(f"{progress.progress:.0f} of {progress.total:.0f}")


def show_record(record: LogReceived) -> None:
    print(f"{record.level} from {record.logger}: {record.data}")


async def main() -> None:
    async with connect([sys.executable, "import_server.py"], log_level="info", on_log=show_record) as client:
        rows = {"rows": ["1", "two", "3"]}
        result = await client.call_tool("import_rows", rows, on_progress=show_progress)
        print(result.structured_content)


asyncio.run(main())
