// A service's program on openid-client, unmodified. It prints the address of the page of consent, reads the address back
// from its standard input, and prints what it got: tokens, the name of the resident, values, and what a revoked token gets.
import * as client from "openid-client";
import { createInterface } from "node:readline";

const [issuer, id, secret, back, items] = process.argv.slice(2);
const insecure = { execute: [client.allowInsecureRequests] };
const config = await client.discovery(new URL(issuer), id, secret, undefined, insecure);
const verifier = client.randomPKCECodeVerifier();
const [state, nonce] = [client.randomState(), client.randomNonce()];
const address = await client.buildAuthorizationUrlWithPAR(config, {
  redirect_uri: back,
  scope: "openid vault",
  code_challenge: await client.calculatePKCECodeChallenge(verifier),
  code_challenge_method: "S256",
  authorization_details: items,
  state,
  nonce,
});
console.log(JSON.stringify({ address: address.href }));

const lines = createInterface({ input: process.stdin });
const answer = (await lines[Symbol.asyncIterator]().next()).value;
const tokens = await client.authorizationCodeGrant(config, new URL(answer), {
  pkceCodeVerifier: verifier,
  expectedState: state,
  expectedNonce: nonce,
  idTokenExpected: true,
});
const sub = tokens.claims().sub;
const known = await client.fetchUserInfo(config, tokens.access_token, sub);
const read = async (token) =>
  client.fetchProtectedResource(config, token, new URL("/api/v1/me/fields", issuer), "GET");
const values = await (await read(tokens.access_token)).json();
const renewed = await client.refreshTokenGrant(config, tokens.refresh_token);
const again = (await read(renewed.access_token)).status;
await client.tokenRevocation(config, renewed.refresh_token);
// A protected resource that answers with a challenge is an error in this library.
const revoked = await read(renewed.access_token).then(
  (response) => response.status,
  (error) => error.status,
);
console.log(JSON.stringify({ details: tokens.authorization_details, sub: known.sub === sub, values, again, revoked }));
process.exit(0);
