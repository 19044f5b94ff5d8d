from campaigns.debates.models.posts import Authorship, Moderation, Post
from campaigns.debates.models.votes import Ballot, BallotArrival, IdentityCheck, PaperSlip, ProvenIdentity, Vote

__all__ = [
    "Authorship",
    "Ballot",
    "BallotArrival",
    "IdentityCheck",
    "Moderation",
    "PaperSlip",
    "Post",
    "ProvenIdentity",
    "Vote",
]
