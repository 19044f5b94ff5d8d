from campaigns.debates.models.posts import Authorship, Moderation, Post
from campaigns.debates.models.votes import Ballot, BallotArrival, ProvenIdentity, Vote

__all__ = ["Authorship", "Ballot", "BallotArrival", "Moderation", "Post", "ProvenIdentity", "Vote"]
