// The engine that FranceConnect is built on, set as FranceConnect sets it; run by engines.py. Prints {"issuer": …} when it listens.
import { createServer } from "node:http";
import { createPrivateKey, createPublicKey, generateKeyPairSync } from "node:crypto";
import Provider from "oidc-provider";
import { CompactSign, SignJWT, UnsecuredJWT, decodeJwt } from "jose";

const CALLBACK = "http://testserver/connexion/franceconnect/retour/";
const AFTER = "http://testserver/deconnexion/faite/";
const PEOPLE = {
  nadia: { given_name: "Nadia", given_name_array: ["Nadia"], family_name: "KERVELLA", birthdate: "1990-03-14", gender: "female", birthplace: "00042", birthcountry: "99100", email: "nadia@courriel.example" },
  paul: { given_name: "Paul", given_name_array: ["Paul"], family_name: "ASTRUC", birthdate: "1979-03-14", gender: "male", birthplace: "00042", birthcountry: "99100", email: "paul@courriel.example" },
};
const PIVOT = ["given_name", "given_name_array", "family_name", "birthdate", "gender", "birthplace", "birthcountry"];
const KNOWN = new Set(["client_id", "redirect_uri", "response_type", "scope", "state", "nonce", "acr_values", "prompt", "claims", "idp_hint", "ui_locales"]);

const state = { person: "nadia", fault: "normal", farewells: [], keys: [newKey()] };

function newKey() {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return { ...privateKey.export({ format: "jwk" }), kid: `key-${Date.now()}-${Math.random()}`, use: "sig", alg: "ES256" };
}

function engine(issuer) {
  const provider = new Provider(issuer, {
    clients: [{
      client_id: "garant-demonstration", client_secret: "secret-de-demonstration",
      redirect_uris: [CALLBACK], post_logout_redirect_uris: [AFTER],
      response_types: ["code"], grant_types: ["authorization_code"], subject_type: "pairwise",
      token_endpoint_auth_method: "client_secret_post",
      id_token_signed_response_alg: "ES256", userinfo_signed_response_alg: "ES256",
    }],
    jwks: { keys: state.keys },
    acrValues: ["eidas1"],
    claims: { openid: ["sub"], identite_pivot: PIVOT, preferred_username: ["preferred_username"], email: ["email"], acr: null, amr: null },
    scopes: ["openid"],
    subjectTypes: ["pairwise"],
    pairwiseIdentifier: (_ctx, account, client) => `${client.clientId}-${account}-v1`,
    clientAuthMethods: ["client_secret_post"],
    enabledJWA: { idTokenSigningAlgValues: ["ES256", "RS256", "HS256"], userinfoSigningAlgValues: ["ES256", "RS256", "HS256"] },
    features: {
      devInteractions: { enabled: false }, jwtUserinfo: { enabled: true },
      rpInitiatedLogout: { enabled: true, logoutSource: (ctx, form) => { ctx.body = `<body>${form}</body>`; } },
    },
    pkce: { required: () => false },
    ttl: { AuthorizationCode: 30, AccessToken: 60, IdToken: 60, Interaction: 600, Session: 600, Grant: 600 },
    issueRefreshToken: () => false,
    cookies: { keys: ["a test's"] },
    interactions: { url: (_ctx, interaction) => `/interaction/${interaction.uid}` },
    findAccount: (_ctx, id) => ({ accountId: id, claims: () => ({ sub: id, ...PEOPLE[id] }) }),
    loadExistingGrant: async (ctx) => {
      const grant = new ctx.oidc.provider.Grant({ clientId: ctx.oidc.client.clientId, accountId: ctx.oidc.session.accountId });
      grant.addOIDCScope(ctx.oidc.params.scope);
      await grant.save();
      return grant;
    },
  });
  return provider;
}

// FranceConnect's own rules, before the engine's.
function problem(query) {
  for (const name of query.keys()) if (!KNOWN.has(name)) return `unknown parameter ${name}`;
  if ((query.get("nonce") ?? "").length < 22) return "nonce too short";
  if (!query.get("state")) return "no state";
  if (query.get("acr_values") !== "eidas1") return "acr_values";
  return "";
}

// What a man in the middle, a bug or another service would change in the engine's answers.
async function spoil(kind, token) {
  const key = createPrivateKey({ key: state.keys[0], format: "jwk" });
  const header = { alg: "ES256", kid: state.keys[0].kid };
  const claims = decodeJwt(token);
  const changed = (change) => new SignJWT({ ...claims, ...change }).setProtectedHeader(header).sign(key);
  if (kind === "userinfo") {
    if (state.fault === "swapped") return changed({ sub: "garant-demonstration-paul-v1" });
    if (state.fault === "userinfo_aud") return changed({ aud: "un-autre-service" });
    return token;
  }
  switch (state.fault) {
    case "nonce": return changed({ nonce: "n".repeat(43) });
    case "acr": return changed({ acr: "eidas0" });
    case "aud": return changed({ aud: "un-autre-service" });
    case "iss": return changed({ iss: "http://ailleurs.example" });
    case "expired": return changed({ iat: claims.iat - 7200, exp: claims.exp - 7200 });
    case "none": return new UnsecuredJWT(claims).encode();
    case "signature": return new SignJWT(claims).setProtectedHeader(header).sign(createPrivateKey({ key: newKey(), format: "jwk" }));
    case "hs256": {
      const pem = createPublicKey(key).export({ type: "spki", format: "pem" });
      return new CompactSign(Buffer.from(JSON.stringify(claims))).setProtectedHeader({ ...header, alg: "HS256" }).sign(Buffer.from(pem));
    }
    default: return token;
  }
}

async function read(request) {
  let body = "";
  for await (const part of request) body += part;
  return body;
}

function captured(response, change) {
  const parts = [];
  const { writeHead, end } = response;
  response.write = (part) => { parts.push(Buffer.from(part)); return true; };
  response.end = (part) => {
    if (part) parts.push(Buffer.from(part));
    change(Buffer.concat(parts).toString()).then(({ body, type }) => {
      if (type) response.setHeader("Content-Type", type);
      response.setHeader("Content-Length", Buffer.byteLength(body));
      end.call(response, body);
    });
  };
  response.writeHead = writeHead;
}

let issuer, provider;
const server = createServer(async (request, response) => {
  const url = new URL(request.url, issuer);
  const say = (status, body) => { response.writeHead(status, { "Content-Type": "application/json" }); response.end(JSON.stringify(body)); };
  if (url.pathname === "/_control") {
    if (request.method === "GET") return say(200, { farewells: state.farewells });
    const told = JSON.parse(await read(request));
    if (told.rotate) { state.keys = [newKey()]; provider = engine(issuer); }
    Object.assign(state, { person: told.person ?? state.person, fault: told.fault ?? state.fault });
    return say(200, {});
  }
  if (url.pathname === "/auth" && problem(url.searchParams)) return say(400, { error: problem(url.searchParams) });
  if (url.pathname.startsWith("/interaction/")) {
    const { prompt } = await provider.interactionDetails(request, response);
    if (state.fault === "refused") return provider.interactionFinished(request, response, { error: "access_denied", error_description: "User auth aborted" });
    if (state.fault === "error") return provider.interactionFinished(request, response, { error: "server_error", error_description: "oops" });
    const result = prompt.name === "login" ? { login: { accountId: state.person, acr: "eidas1", amr: ["pwd"] } } : { consent: {} };
    return provider.interactionFinished(request, response, result);
  }
  if (url.pathname === "/token" && state.fault === "down") return say(503, { error: "temporarily_unavailable" });
  if (url.pathname === "/token" && state.fault === "slow") return setTimeout(() => say(503, {}), 8000);
  if (url.pathname === "/session/end") state.farewells.push(url.searchParams.get("id_token_hint"));
  if (url.pathname === "/token") captured(response, async (body) => {
    const answer = JSON.parse(body);
    if (answer.id_token) answer.id_token = await spoil("id_token", answer.id_token);
    return { body: JSON.stringify(answer) };
  });
  if (url.pathname === "/me") captured(response, async (body) => {
    if (state.fault === "unsigned") return { body: JSON.stringify(decodeJwt(body)), type: "application/json" };
    return { body: await spoil("userinfo", body) };
  });
  return provider.callback()(request, response);
});
server.listen(0, "127.0.0.1", () => {
  issuer = `http://127.0.0.1:${server.address().port}`;
  provider = engine(issuer);
  console.log(JSON.stringify({ issuer }));
});
