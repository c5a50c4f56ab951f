"""sansmcp on asyncio."""
