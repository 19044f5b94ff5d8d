// A program on openid-client, unmodified, against servers that lie. It prints how each connection ended.
import * as client from "openid-client";

const [id, secret, back, ...issuers] = process.argv.slice(2);
const insecure = { execute: [client.allowInsecureRequests] };

async function connect(issuer) {
  const config = await client.discovery(new URL(issuer), id, secret, undefined, insecure);
  // Signatures are checked too: by default the library trusts the connection to the server (OpenID Core, 3.1.3.7).
  client.enableNonRepudiationChecks(config);
  const verifier = client.randomPKCECodeVerifier();
  const [state, nonce] = [client.randomState(), client.randomNonce()];
  const address = client.buildAuthorizationUrl(config, {
    redirect_uri: back,
    scope: "openid",
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
    state,
    nonce,
  });
  const answer = await fetch(address, { redirect: "manual" });
  const tokens = await client.authorizationCodeGrant(config, new URL(answer.headers.get("location")), {
    pkceCodeVerifier: verifier,
    expectedState: state,
    expectedNonce: nonce,
    idTokenExpected: true,
  });
  await client.fetchUserInfo(config, tokens.access_token, tokens.claims().sub);
  return "connected";
}

const ends = [];
for (const issuer of issuers) {
  ends.push(await connect(issuer).catch((error) => error.code ?? error.message));
}
console.log(JSON.stringify(ends));
process.exit(0);
