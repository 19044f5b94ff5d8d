from campaigns.debates.models.posts import Authorship, Moderation, Post
from campaigns.debates.models.votes import Ballot, BallotArrival, PaperSlip, ProvenIdentity, Vote

__all__ = ["Authorship", "Ballot", "BallotArrival", "Moderation", "PaperSlip", "Post", "ProvenIdentity", "Vote"]
