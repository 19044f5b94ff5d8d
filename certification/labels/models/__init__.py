from certification.labels.models.charter import CharterVersion, Criterion, Signature
from certification.labels.models.check import CheckResult, CheckRun, ContactProof, SignalAddress
from certification.labels.models.complaint import Complaint
from certification.labels.models.evidence import Evidence, PublisherKey
from certification.labels.models.holder_contact import HolderContact
from certification.labels.models.label import Label, LabelChange, LabelPurpose, PurposeVersion
from certification.labels.models.notice import Notice
from certification.labels.models.request import (
    Answer,
    LabelRequest,
    Message,
    Purpose,
    PurposeField,
    PurposePaper,
    Review,
)
from certification.labels.models.service import Service

__all__ = [
    "Answer",
    "CharterVersion",
    "CheckResult",
    "CheckRun",
    "ContactProof",
    "Complaint",
    "Criterion",
    "Evidence",
    "HolderContact",
    "Label",
    "LabelChange",
    "LabelPurpose",
    "LabelRequest",
    "Message",
    "Notice",
    "PublisherKey",
    "Purpose",
    "PurposeField",
    "PurposePaper",
    "PurposeVersion",
    "Review",
    "Service",
    "SignalAddress",
    "Signature",
]
