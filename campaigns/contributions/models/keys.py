from django.db import models

from core.models.rows import nothing


class CampaignKey(models.Model):
    """The keys of one campaign, or of one vote, made by the role `release` and deleted by it when that ends.

    `public` seals the keys of batches. `private` opens them; the role `web` may not read it. `pseudonyms` is the HMAC
    key of the pseudonyms, which the portal needs to find a resident's own contribution. Both are protected by the
    keyring. The table is in the schema of keys, whose copies are kept 30 days at most.
    """

    campaign_id = models.UUIDField(primary_key=True, editable=False)
    public = models.BinaryField(help_text="X25519, 32 bytes")
    private = models.TextField(help_text="protected by the keyring")
    private_kid = models.CharField(max_length=200, help_text="the key of the keyring that protects `private`")
    pseudonyms = models.TextField(help_text="protected by the keyring")

    decides = nothing(
        "protected by the keyring, with the hash of the public key: another one is not unwrapped, nor used"
    )

    class Meta:
        db_table = 'keystore"."campaign_key'

    def __str__(self) -> str:
        return f"keys of campaign {self.campaign_id}"
