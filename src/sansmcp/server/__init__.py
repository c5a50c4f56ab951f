"""What a server offers: the registry, what handlers are given, and how their outcomes become answers."""

from sansmcp.schema.inference.constraints import (
    Constraint,
    Description,
    Ge,
    Gt,
    Header,
    Le,
    Lt,
    MaxLength,
    MinLength,
    MultipleOf,
    Pattern,
)
from sansmcp.schema.inference.plans import EditSchema
from sansmcp.schema.inference.vocabulary import TypeSchema
from sansmcp.server.answers import Accepted, Cancelled, Declined, Elicited, RootList, Sampled
from sansmcp.server.bridge import current_context, relay
from sansmcp.server.caching import CacheHint
from sansmcp.server.completions import Complete
from sansmcp.server.connections import ServerConnections, expect_server, expect_tls
from sansmcp.server.content import Audio, Content, Embedded, Image, Text
from sansmcp.server.context import Context
from sansmcp.server.handles import (
    Handle,
    MethodHandle,
    NotificationHandle,
    PromptHandle,
    ResourceHandle,
    ResourceTemplateHandle,
    ToolHandle,
)
from sansmcp.server.inputs import Elicit, ElicitUrl, Roots, Sample
from sansmcp.server.invocation import Invocation, NotificationInvocation
from sansmcp.server.kept import HandleStore, KeptValue, MemoryStore, OwnHandles, StateHandles
from sansmcp.server.lifespans import Lifespan, Living
from sansmcp.server.mounts import MountHandle
from sansmcp.server.offer_settings import (
    ContentsSettings,
    MethodChanges,
    OfferSettings,
    PromptChanges,
    PromptSettings,
    ResourceChanges,
    ResourceOrTemplateSettings,
    ResourceSettings,
    ResourceTemplateChanges,
    ResourceTemplateSettings,
    ToolChanges,
    ToolSettings,
)
from sansmcp.server.peer import Peer
from sansmcp.server.prompts import Title
from sansmcp.server.runs import Command, Outlet, Wait, When
from sansmcp.server.server import Server
from sansmcp.server.serving import ServedSession
from sansmcp.server.settings import ServeHttpSettings, ServeSettings, SessionSettings, check_principal_of

__all__ = [
    "Accepted",
    "Audio",
    "CacheHint",
    "Cancelled",
    "Command",
    "Complete",
    "Constraint",
    "Content",
    "ContentsSettings",
    "Context",
    "Declined",
    "Description",
    "EditSchema",
    "Elicit",
    "ElicitUrl",
    "Elicited",
    "Embedded",
    "Ge",
    "Gt",
    "Handle",
    "HandleStore",
    "Header",
    "Image",
    "Invocation",
    "KeptValue",
    "Le",
    "Lifespan",
    "Living",
    "Lt",
    "MaxLength",
    "MemoryStore",
    "MethodChanges",
    "MethodHandle",
    "MinLength",
    "MountHandle",
    "MultipleOf",
    "NotificationHandle",
    "NotificationInvocation",
    "OfferSettings",
    "Outlet",
    "OwnHandles",
    "Pattern",
    "Peer",
    "PromptChanges",
    "PromptHandle",
    "PromptSettings",
    "ResourceChanges",
    "ResourceHandle",
    "ResourceOrTemplateSettings",
    "ResourceSettings",
    "ResourceTemplateChanges",
    "ResourceTemplateHandle",
    "ResourceTemplateSettings",
    "RootList",
    "Roots",
    "Sample",
    "Sampled",
    "ServeHttpSettings",
    "ServeSettings",
    "ServedSession",
    "Server",
    "ServerConnections",
    "SessionSettings",
    "StateHandles",
    "Text",
    "Title",
    "ToolChanges",
    "ToolHandle",
    "ToolSettings",
    "TypeSchema",
    "Wait",
    "When",
    "check_principal_of",
    "current_context",
    "expect_server",
    "expect_tls",
    "relay",
]
