"""The toolkit's lists of clients and tokens are not in the admin: a resident's tokens are nobody's to see."""

from django.contrib import admin
from oauth2_provider.models import DeviceGrant

from certification.access.models import AccessToken, AuthorizationCode, Client, IDToken, RefreshToken

for model in (AccessToken, AuthorizationCode, Client, IDToken, RefreshToken, DeviceGrant):
    if admin.site.is_registered(model):
        admin.site.unregister(model)
