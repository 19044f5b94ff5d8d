// A program on openid-client, unmodified, that follows FAPI 2.0: it pushes its request, proves who it is by a key, and
// binds its tokens to another key. It prints the address of the page of consent, reads the address back from its
// standard input, and prints what it got.
import * as client from "openid-client";
import { createInterface } from "node:readline";

const [issuer, id, jwk, alg, back] = process.argv.slice(2);
const key = JSON.parse(jwk);
const kinds = {
  ES256: { name: "ECDSA", namedCurve: "P-256" },
  PS256: { name: "RSA-PSS", hash: "SHA-256" },
  Ed25519: { name: "Ed25519" },
};
const own = await crypto.subtle.importKey("jwk", { ...key, alg: undefined }, kinds[alg], false, ["sign"]);
const proof = client.PrivateKeyJwt({ key: own, kid: key.kid });
const insecure = { execute: [client.allowInsecureRequests] };
const metadata = { id_token_signed_response_alg: "PS256" };
const config = await client.discovery(new URL(issuer), id, metadata, proof, insecure);
client.enableNonRepudiationChecks(config);
const DPoP = client.getDPoPHandle(config, await client.randomDPoPKeyPair(alg));
const verifier = client.randomPKCECodeVerifier();
const [state, nonce] = [client.randomState(), client.randomNonce()];
const address = await client.buildAuthorizationUrlWithPAR(
  config,
  {
    redirect_uri: back,
    scope: "openid vault",
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
    state,
    nonce,
  },
  { DPoP },
);
console.log(JSON.stringify({ address: address.href, asked: [...address.searchParams.keys()] }));

const lines = createInterface({ input: process.stdin });
const answer = (await lines[Symbol.asyncIterator]().next()).value;
const checks = { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true };
const tokens = await client.authorizationCodeGrant(config, new URL(answer), checks, undefined, { DPoP });
const sub = tokens.claims().sub;
const known = await client.fetchUserInfo(config, tokens.access_token, sub, { DPoP });
const fields = new URL("/api/v1/me/fields", issuer);
const read = (token, options) =>
  client.fetchProtectedResource(config, token, fields, "GET", undefined, undefined, options).then(
    (response) => response,
    (error) => error,
  );
const values = await (await read(tokens.access_token, { DPoP })).json();
const renewed = await client.refreshTokenGrant(config, tokens.refresh_token, undefined, { DPoP });
const again = (await read(renewed.access_token, { DPoP })).status;
const bearer = (await read(renewed.access_token)).status;
const other = client.getDPoPHandle(config, await client.randomDPoPKeyPair(alg));
const stolen = (await read(renewed.access_token, { DPoP: other })).status;
await client.tokenRevocation(config, renewed.refresh_token);
const revoked = (await read(renewed.access_token, { DPoP })).status;
const kept = renewed.refresh_token === tokens.refresh_token;
console.log(
  JSON.stringify({ type: tokens.token_type, sub: known.sub === sub, values, again, bearer, stolen, revoked, kept }),
);
process.exit(0);
