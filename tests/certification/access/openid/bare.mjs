// The same as fapi.mjs, on oauth4webapi, unmodified.
import * as oauth from "oauth4webapi";
import { createInterface } from "node:readline";

const [site, id, jwk, alg, back] = process.argv.slice(2);
const key = JSON.parse(jwk);
const kinds = {
  ES256: { name: "ECDSA", namedCurve: "P-256" },
  PS256: { name: "RSA-PSS", hash: "SHA-256" },
  Ed25519: { name: "Ed25519" },
};
const own = await crypto.subtle.importKey("jwk", { ...key, alg: undefined }, kinds[alg], false, ["sign"]);
const proof = oauth.PrivateKeyJwt({ key: own, kid: key.kid });
const insecure = { [oauth.allowInsecureRequests]: true };
const issuer = new URL(site);
const as = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, insecure));
const client = { client_id: id, id_token_signed_response_alg: "PS256" };
const options = { ...insecure, DPoP: oauth.DPoP(client, await oauth.generateKeyPair(alg)) };
const verifier = oauth.generateRandomCodeVerifier();
const [state, nonce] = [oauth.generateRandomState(), oauth.generateRandomNonce()];
const parameters = {
  response_type: "code",
  redirect_uri: back,
  scope: "openid vault",
  code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
  code_challenge_method: "S256",
  state,
  nonce,
};
const pushing = await oauth.pushedAuthorizationRequest(as, client, proof, parameters, options);
const pushed = await oauth.processPushedAuthorizationResponse(as, client, pushing);
const address = new URL(as.authorization_endpoint);
address.searchParams.set("client_id", id);
address.searchParams.set("request_uri", pushed.request_uri);
console.log(JSON.stringify({ address: address.href, asked: [...address.searchParams.keys()] }));

const lines = createInterface({ input: process.stdin });
const answer = new URL((await lines[Symbol.asyncIterator]().next()).value);
const checked = oauth.validateAuthResponse(as, client, answer, state);
const exchange = await oauth.authorizationCodeGrantRequest(as, client, proof, checked, back, verifier, options);
const expected = { expectedNonce: nonce, requireIdToken: true };
const tokens = await oauth.processAuthorizationCodeResponse(as, client, exchange, expected);
await oauth.validateApplicationLevelSignature(as, exchange, insecure);
const sub = oauth.getValidatedIdTokenClaims(tokens).sub;
const info = await oauth.userInfoRequest(as, client, tokens.access_token, options);
const known = await oauth.processUserInfoResponse(as, client, sub, info);
const fields = new URL("/api/v1/me/fields", issuer);
const read = (token, how) =>
  oauth.protectedResourceRequest(token, "GET", fields, undefined, undefined, how).then(
    (response) => response,
    (error) => error,
  );
const values = await (await read(tokens.access_token, options)).json();
const renewing = await oauth.refreshTokenGrantRequest(as, client, proof, tokens.refresh_token, options);
const renewed = await oauth.processRefreshTokenResponse(as, client, renewing);
const again = (await read(renewed.access_token, options)).status;
const bearer = (await read(renewed.access_token, insecure)).status;
const other = { ...insecure, DPoP: oauth.DPoP(client, await oauth.generateKeyPair(alg)) };
const stolen = (await read(renewed.access_token, other)).status;
await oauth.processRevocationResponse(
  await oauth.revocationRequest(as, client, proof, renewed.refresh_token, insecure),
);
const revoked = (await read(renewed.access_token, options)).status;
// A refresh token that stays the same may be left out of the answer (RFC 6749, 6).
const kept = (renewed.refresh_token ?? tokens.refresh_token) === tokens.refresh_token;
console.log(
  JSON.stringify({ type: tokens.token_type, sub: known.sub === sub, values, again, bearer, stolen, revoked, kept }),
);
process.exit(0);
