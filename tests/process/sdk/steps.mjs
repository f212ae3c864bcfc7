// Drives the official JavaScript client against a server with the blog's collections, one step after the other.
//
//   node steps.mjs SDK_FOLDER URL SUPERUSER_EMAIL SUPERUSER_PASSWORD [--without-roles]
//
// Prints one line of JSON for each step: {"step": "...", "problem": null or "..."}. A step may use what the steps before
// it have left, so the first problem is the one to read.

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [sdkFolder, url, rootEmail, rootPassword, ...flags] = process.argv.slice(2);
const sdk = createRequire(pathToFileURL(`${sdkFolder}/`)).resolve("pocketbase");
const { default: PocketBase, ClientResponseError } = await import(pathToFileURL(sdk).href);

const PASSWORD = "correct horse battery";
const NASTY = [
  `it's "quoted"`,
  `a \\ backslash`,
  `a trailing backslash \\`,
  `two\nlines`,
  `tab\there and a carriage\rreturn`,
  `100% of under_scores`,
  `'; DROP TABLE posts; --`,
  `{:title} @todayStart // no comment`,
  `Straße 日本 «» 🙂`,
];

function client() {
  return new PocketBase(url).autoCancellation(false);
}

const guest = client();
const alice = client();
const bob = client();
const editor = client();
const root = client();
const ids = {};

/** Waits for a refusal and compares its status and its codes by field: `{}` where there must be none. */
async function refused(promise, status, codes = {}) {
  let refusal;
  try {
    refusal = { answer: await promise };
  } catch (error) {
    refusal = error;
  }
  assert.ok(refusal instanceof ClientResponseError, `expected a refusal, got ${JSON.stringify(refusal)}`);
  const found = Object.entries(refusal.response.data ?? {}).map(([field, problem]) => [field, problem.code]);
  assert.deepEqual({ status: refusal.status, codes: Object.fromEntries(found) }, { status, codes });
  if (!refusal.isAbort && refusal.response.message !== undefined) {
    assert.ok(refusal.response.message.length > 0);
  }
}

function draftOf(name) {
  return { email: `${name}@example.com`, name, password: PASSWORD, passwordConfirm: PASSWORD };
}

async function signIn(who, name, password = PASSWORD) {
  return who.collection("users").authWithPassword(`${name}@example.com`, password);
}

function titles(records) {
  return records.map((record) => record.title);
}

const steps = [];
const step = (name, run) => steps.push([name, run]);
const stepWithRoles = flags.includes("--without-roles") ? () => {} : step;

// Guests

step("the server is healthy", async () => {
  assert.equal((await guest.health.check()).code, 200);
});

step("a guest learns the ways to sign in", async () => {
  const methods = await guest.collection("users").listAuthMethods();
  assert.deepEqual(methods.password, { identityFields: ["email"], enabled: true });
  assert.deepEqual(methods.oauth2, { providers: [], enabled: false });
  assert.equal(methods.mfa.enabled, false);
  assert.equal(methods.otp.enabled, false);
});

step("guests sign up and do not see an address in the answer", async () => {
  for (const name of ["alice", "bob", "editor"]) {
    const user = await guest.collection("users").create({ ...draftOf(name), emailVisibility: false });
    assert.match(user.id, /^[a-z0-9]{15}$/);
    assert.equal(user.collectionName, "users");
    assert.equal(user.name, name);
    assert.equal(user.verified, false);
    assert.ok(!("email" in user) && !("password" in user) && !("tokenKey" in user), JSON.stringify(user));
    ids[name] = user.id;
  }
});

for (const [name, draft, codes] of [
  ["without a password", { email: "x@example.com" }, { password: "validation_required", passwordConfirm: "validation_required" }],
  ["with two different passwords", { ...draftOf("x"), passwordConfirm: "something else" }, { passwordConfirm: "validation_values_mismatch" }],
  ["with a short password", { ...draftOf("x"), password: "short", passwordConfirm: "short" }, { password: "validation_min_text_constraint" }],
  ["with a taken address", draftOf("alice"), { email: "validation_not_unique" }],
  ["with something that is no address", { ...draftOf("x"), email: "nobody" }, { email: "validation_is_email" }],
  ["without an address", { ...draftOf("x"), email: "" }, { email: "validation_required" }],
  ["as verified", { ...draftOf("x"), verified: true }, { verified: "validation_values_mismatch" }],
]) {
  step(`signing up ${name} is refused`, () => refused(guest.collection("users").create(draft), 400, codes));
}

step("a guest sees no users", async () => {
  assert.deepEqual((await guest.collection("users").getList()).items, []);
  await refused(guest.collection("users").getOne(ids.alice), 404);
});

step("a guest may not write", async () => {
  await refused(guest.collection("posts").create({ title: "x" }), 400);
  await refused(guest.collection("posts").create({ title: "x", author: ids.alice }), 400);
});

// Signing in

step("a wrong password and an unknown address are refused alike", async () => {
  await refused(signIn(guest, "alice", "wrong password"), 400);
  await refused(signIn(guest, "nobody", PASSWORD), 400);
  assert.equal(guest.authStore.isValid, false);
});

step("an empty sign-in names what is missing", async () => {
  const empty = guest.collection("users").authWithPassword("", "");
  await refused(empty, 400, { identity: "validation_required", password: "validation_required" });
});

step("users sign in", async () => {
  for (const [who, name] of [[alice, "alice"], [bob, "bob"], [editor, "editor"]]) {
    const answer = await signIn(who, name);
    assert.equal(answer.record.id, ids[name]);
    assert.equal(answer.record.email, `${name}@example.com`);
    assert.equal(who.authStore.token, answer.token);
    assert.equal(who.authStore.isValid, true);
    assert.equal(who.authStore.isSuperuser, false);
  }
});

step("a token is refreshed", async () => {
  const answer = await alice.collection("users").authRefresh();
  assert.equal(answer.record.id, ids.alice);
  assert.equal(alice.authStore.isValid, true);
  assert.equal(alice.authStore.token, answer.token);
});

step("a guest and a stranger to the collection cannot refresh", async () => {
  await refused(guest.collection("users").authRefresh(), 401);
  await refused(client().collection("_superusers").authRefresh(), 401);
  await refused(alice.send("/api/collections/_superusers/auth-refresh", { method: "POST" }), 403);
});

step("a damaged token makes a guest", async () => {
  const stranger = client();
  stranger.authStore.save(`${alice.authStore.token.slice(0, -4)}AAAA`, alice.authStore.record);
  assert.deepEqual((await stranger.collection("users").getList()).items, []);
  await refused(stranger.collection("users").authRefresh(), 401);
});

// Writing

step("a user creates a record and gets all of it back", async () => {
  const post = await alice.collection("posts").create({ title: "First", body: "Hello", published: true, author: ids.alice });
  assert.deepEqual(Object.keys(post).sort(), [
    "author", "body", "collectionId", "collectionName", "created", "id", "published", "title", "updated", "views",
  ]);
  assert.equal(post.collectionId, "pbc_1125843985");
  assert.deepEqual([post.title, post.body, post.published, post.views], ["First", "Hello", true, 0]);
  assert.match(post.created, /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}Z$/);
  ids.first = post.id;
});

step("an id of the client's own is kept, once", async () => {
  const draft = { id: "ownid0000000001", title: "Own id", published: true, author: ids.alice };
  assert.equal((await alice.collection("posts").create(draft)).id, draft.id);
  await refused(alice.collection("posts").create(draft), 400, { id: "validation_not_unique" });
  const bad = alice.collection("posts").create({ ...draft, id: "Not An Id 00001" });
  await refused(bad, 400, { id: "validation_invalid_format" });
});

step("nobody writes in another's name", async () => {
  await refused(alice.collection("posts").create({ title: "Forged", author: ids.bob }), 400);
});

step("fields are validated", async () => {
  const posts = alice.collection("posts");
  await refused(posts.create({ author: ids.alice }), 400, { title: "validation_required" });
  const long = { title: "x".repeat(201), author: ids.alice };
  await refused(posts.create(long), 400, { title: "validation_max_text_constraint" });
  await refused(posts.update(ids.first, { title: "" }), 400, { title: "validation_required" });
  await refused(posts.update(ids.first, { author: "missing00000000" }), 400, { author: "validation_missing_rel_records" });
  await refused(posts.update(ids.first, { id: "another00000000" }), 400, { id: "validation_pk_change" });
});

step("a record is changed, key by key", async () => {
  const posts = alice.collection("posts");
  const before = await posts.getOne(ids.first);
  const after = await posts.update(ids.first, { body: "Changed", unknown: "ignored", created: "2001-01-01" });
  assert.equal(after.body, "Changed");
  assert.equal(after.title, before.title);
  assert.equal(after.created, before.created);
  assert.ok(after.updated >= before.updated);
});

step("numbers are added to and taken from", async () => {
  const posts = alice.collection("posts");
  assert.equal((await posts.update(ids.first, { "views+": 5 })).views, 5);
  assert.equal((await posts.update(ids.first, { "views-": 2 })).views, 3);
  assert.equal((await posts.update(ids.first, { views: 10, "views+": 1 })).views, 11);
});

step("nobody changes or deletes what is not theirs", async () => {
  await refused(bob.collection("posts").update(ids.first, { title: "Mine" }), 404);
  await refused(guest.collection("posts").update(ids.first, { title: "Mine" }), 404);
  await refused(bob.collection("posts").delete(ids.first), 404);
  await refused(alice.collection("posts").delete(ids.first), 404);
  await refused(bob.collection("users").update(ids.alice, { name: "Mallory" }), 404);
  await refused(bob.collection("users").delete(ids.alice), 404);
});

// Reading

step("a draft is seen by its author alone", async () => {
  const draft = await alice.collection("posts").create({ title: "Draft", author: ids.alice });
  ids.draft = draft.id;
  assert.equal((await alice.collection("posts").getOne(ids.draft)).title, "Draft");
  for (const other of [guest, bob]) {
    await refused(other.collection("posts").getOne(ids.draft), 404);
    assert.ok(!titles(await other.collection("posts").getFullList()).includes("Draft"));
  }
  assert.ok(titles(await alice.collection("posts").getFullList()).includes("Draft"));
});

step("pages are counted", async () => {
  for (let views = 1; views <= 7; views++) {
    await bob.collection("posts").create({ title: `Page ${views}`, views, published: true, author: ids.bob });
  }
  const options = { filter: "title ~ 'Page'", sort: "-views" };
  const page = await guest.collection("posts").getList(2, 3, options);
  assert.deepEqual([page.page, page.perPage, page.totalItems, page.totalPages], [2, 3, 7, 3]);
  assert.deepEqual(titles(page.items), ["Page 4", "Page 3", "Page 2"]);
  const uncounted = await guest.collection("posts").getList(1, 3, { ...options, skipTotal: true });
  assert.deepEqual([uncounted.totalItems, uncounted.totalPages, uncounted.items.length], [-1, -1, 3]);
  assert.deepEqual((await guest.collection("posts").getList(99, 3, options)).items, []);
});

step("a full list is fetched page by page", async () => {
  const all = await guest.collection("posts").getFullList({ batch: 2, filter: "title ~ 'Page'", sort: "views,title" });
  assert.deepEqual(titles(all), [1, 2, 3, 4, 5, 6, 7].map((views) => `Page ${views}`));
});

step("fields are picked", async () => {
  const picked = await guest.collection("posts").getOne(ids.first, { fields: "id,title" });
  assert.deepEqual(picked, { id: ids.first, title: "First" });
  const page = await guest.collection("posts").getList(1, 1, { filter: `id = '${ids.first}'`, fields: "body:excerpt(4,true)" });
  assert.deepEqual(page.items, [{ body: "Chan..." }]);
});

step("text of any kind survives a filter", async () => {
  for (const title of NASTY) {
    const { id } = await alice.collection("posts").create({ title, published: true, author: ids.alice });
    const found = await guest.collection("posts").getFullList({ filter: guest.filter("title = {:title}", { title }) });
    assert.deepEqual(found.map((post) => [post.id, post.title]), [[id, title]]);
  }
});

step("numbers, booleans, dates and nothing are filtered by", async () => {
  const list = async (text, values) => {
    const filter = guest.filter(`title ~ 'Page' && (${text})`, values);
    return titles(await guest.collection("posts").getFullList({ filter, sort: "views" }));
  };
  assert.deepEqual(await list("views > {:n}", { n: 5 }), ["Page 6", "Page 7"]);
  assert.deepEqual(await list("views = {:a} || views = {:b}", { a: 2, b: 3 }), ["Page 2", "Page 3"]);
  assert.deepEqual(await list("published = {:yes} && views < {:n}", { yes: true, n: 2 }), ["Page 1"]);
  assert.deepEqual(await list("published = {:no}", { no: false }), []);
  assert.deepEqual(await list("author = {:nobody}", { nobody: null }), []);
  assert.deepEqual(await list("created > {:then} && views = 7", { then: new Date("2020-01-01") }), ["Page 7"]);
  assert.deepEqual(await list("created < {:then}", { then: new Date("2020-01-01") }), []);
});

step("the first match is found, and its absence is a 404", async () => {
  const posts = guest.collection("posts");
  assert.equal((await posts.getFirstListItem("views = 7")).title, "Page 7");
  await refused(posts.getFirstListItem("views = 12345"), 404);
});

step("what is not there is a 404", async () => {
  await refused(guest.collection("posts").getOne("missing00000000"), 404);
  await refused(guest.collection("nothing").getList(), 404);
  await refused(guest.send("/api/nothing", {}), 404);
});

step("a query that makes no sense is refused", async () => {
  const posts = guest.collection("posts");
  await refused(posts.getList(1, 30, { filter: "title = " }), 400);
  await refused(posts.getList(1, 30, { filter: "titel = 'x'" }), 400);
  await refused(posts.getList(1, 30, { sort: "titel" }), 400);
  await refused(posts.getList(1, 30, { filter: "@request.auth.id = ''" }), 403);
});

// Users about themselves

step("users see each other, but not each other's address", async () => {
  const others = await bob.collection("users").getFullList({ sort: "name" });
  assert.deepEqual(others.map((user) => [user.name, user.email]), [
    ["alice", undefined], ["bob", "bob@example.com"], ["editor", undefined],
  ]);
  await alice.collection("users").update(ids.alice, { emailVisibility: true });
  assert.equal((await bob.collection("users").getOne(ids.alice)).email, "alice@example.com");
});

step("a change of oneself arrives in the store", async () => {
  await alice.collection("users").update(ids.alice, { name: "Alice" });
  assert.equal(alice.authStore.record.name, "Alice");
});

step("an address is not changed by writing it", async () => {
  const change = alice.collection("users").update(ids.alice, { email: "new@example.com" });
  await refused(change, 400, { email: "validation_values_mismatch" });
});

step("a new password needs the old one and ends the tokens before it", async () => {
  const users = alice.collection("users");
  const changed = { password: "another long password", passwordConfirm: "another long password" };
  await refused(users.update(ids.alice, changed), 400, { oldPassword: "validation_required" });
  const wrong = users.update(ids.alice, { ...changed, oldPassword: "not this one" });
  await refused(wrong, 400, { oldPassword: "validation_invalid_old_password" });
  await users.update(ids.alice, { ...changed, oldPassword: PASSWORD });
  await refused(users.authRefresh(), 401);
  await refused(signIn(client(), "alice", PASSWORD), 400);
  await signIn(alice, "alice", "another long password");
  assert.equal((await users.authRefresh()).record.id, ids.alice);
});

// Superusers

step("a superuser signs in", async () => {
  await refused(root.collection("_superusers").authWithPassword(rootEmail, "wrong password"), 400);
  await root.collection("_superusers").authWithPassword(rootEmail, rootPassword);
  assert.equal(root.authStore.isSuperuser, true);
  assert.equal((await root.collection("_superusers").authRefresh()).record.email, rootEmail);
});

step("a superuser is bound by no rule", async () => {
  const emails = (await root.collection("users").getFullList({ sort: "email" })).map((user) => user.email);
  assert.deepEqual(emails, ["alice@example.com", "bob@example.com", "editor@example.com"]);
  assert.equal((await root.collection("posts").getOne(ids.draft)).title, "Draft");
  const post = await root.collection("posts").create({ title: "From above", author: ids.bob });
  assert.equal((await root.collection("posts").update(post.id, { published: true })).published, true);
  assert.equal(await root.collection("posts").delete(post.id), true);
  await refused(root.collection("posts").delete(post.id), 404);
});

step("a superuser filters by what guests may not", async () => {
  const found = await root.collection("posts").getFullList({ filter: "@request.auth.id != '' && title = 'First'" });
  assert.deepEqual(titles(found), ["First"]);
});

step("superusers are seen by superusers alone", async () => {
  for (const other of [guest, alice]) {
    await refused(other.collection("_superusers").getList(), 403);
    await refused(other.collection("_superusers").create(draftOf("mallory")), 403);
  }
});

// Roles

const setRoles = (who, id, roles) =>
  who.send(`/api/collections/users/records/${id}/roles`, { method: "PUT", body: { roles } });

stepWithRoles("only those who may grant a role do", async () => {
  await refused(setRoles(guest, ids.editor, ["editor"]), 401);
  await refused(setRoles(editor, ids.editor, ["editor"]), 403);
});

stepWithRoles("a role opens what its rules say from the next request on", async () => {
  const posts = editor.collection("posts");
  await refused(posts.update(ids.first, { body: "Edited" }), 404);
  await setRoles(root, ids.editor, ["editor"]);
  assert.equal((await posts.update(ids.first, { body: "Edited" })).body, "Edited");
  assert.equal((await posts.getOne(ids.draft)).title, "Draft");
  await refused(posts.delete(ids.draft), 404);
});

stepWithRoles("a role includes another, and may grant it", async () => {
  await setRoles(root, ids.editor, ["admin"]);
  assert.equal((await editor.collection("posts").update(ids.first, { body: "Administered" })).body, "Administered");
  await setRoles(editor, ids.bob, ["editor"]);
  assert.equal((await bob.collection("posts").getOne(ids.draft)).title, "Draft");
  await refused(setRoles(editor, ids.bob, ["admin"]), 403);
  assert.equal(await editor.collection("posts").delete(ids.draft), true);
});

stepWithRoles("a role that is taken away is gone at once", async () => {
  await setRoles(root, ids.editor, []);
  await refused(editor.collection("posts").update(ids.first, { body: "Too late" }), 404);
});

// Settings

step("superusers read and change the settings, and nobody else does", async () => {
  await refused(guest.settings.getAll(), 401);
  await refused(alice.settings.update({ meta: { appName: "Mine" } }), 403);
  const before = await root.settings.getAll();
  const after = await root.settings.update({ meta: { appName: "Blog" }, smtp: { password: "hush" } });
  assert.deepEqual(after, { ...before, meta: { ...before.meta, appName: "Blog" } });
  assert.deepEqual(await root.settings.getAll({ fields: "meta.appName" }), { meta: { appName: "Blog" } });
});

step("mistakes in settings are told by section and field", async () => {
  try {
    await root.settings.update({ meta: { appName: "" }, rateLimits: { rules: [{ label: "a b" }] } });
    assert.fail("expected a refusal");
  } catch ({ status, response: { data } }) {
    assert.equal(status, 400);
    assert.equal(data.meta.appName.code, "validation_required");
    assert.equal(data.rateLimits.rules[0].label.code, "validation_match_invalid");
  }
  await refused(root.settings.testS3("storage"), 400);
  await refused(guest.settings.testEmail("users", "me@example.com", "otp"), 401);
  await refused(root.settings.testEmail("users", "me@b", "other"), 400, {
    email: "validation_is_email",
    template: "validation_in_invalid",
  });
  await refused(root.settings.testEmail("nothing", "me@example.com", "otp"), 400, {
    collection: "validation_invalid_auth_collection",
  });
  await refused(root.settings.testEmail("users", "me@example.com", "otp"), 400); // nothing to send it with
  const form = ["clientId", "teamId", "keyId", "privateKey", "duration"];
  await refused(
    root.settings.generateAppleClientSecret("", "", "", "", 0), 400,
    Object.fromEntries(form.map((name) => [name, "validation_required"])),
  );
});

step("a rate limit holds from the next request on, for all but superusers", async () => {
  const rules = [{ label: "/api/health", maxRequests: 1, duration: 60, audience: "" }];
  const { rateLimits } = await root.settings.update({ rateLimits: { enabled: true, rules } });
  assert.deepEqual(rateLimits.rules, rules);
  assert.equal((await guest.health.check()).code, 200);
  await refused(guest.health.check(), 429);
  assert.equal((await root.health.check()).data.realIP, "127.0.0.1");
  await root.settings.update({ rateLimits: { enabled: false } });
  assert.equal((await guest.health.check()).code, 200);
});

// Schedules

step("superusers list the schedules and run one, and nobody else does", async () => {
  const crons = await root.crons.getFullList();
  assert.ok(crons.some((cron) => cron.id === "__pbDBOptimize__" && cron.expression === "0 0 * * *"), JSON.stringify(crons));
  assert.equal(await root.crons.run("__pbDBOptimize__"), true);
  await refused(root.crons.run("nothing of this name"), 404);
  await refused(guest.crons.getFullList(), 401);
  await refused(alice.crons.run("__pbDBOptimize__"), 403);
});

// Logs

step("superusers read the log, filtered and by the hour, and nobody else does", async () => {
  const filter = "data.url ~ '/api/collections/posts/records' && data.status = 200 && data.auth = '_superusers'";
  let page;
  for (let tries = 0; tries < 50; tries += 1) {  // entries come in batches
    page = await root.logs.getList(1, 5, { filter, sort: "-@rowid" });
    if (page.totalItems) break;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  assert.ok(page.totalItems > 0);
  assert.equal(page.items[0].data.type, "request");
  assert.deepEqual(await root.logs.getOne(page.items[0].id), page.items[0]);
  const hours = await root.logs.getStats({ filter });
  assert.ok(hours.length > 0 && hours.every((hour) => hour.total > 0 && hour.date.endsWith(":00:00.000Z")), JSON.stringify(hours));
  await refused(root.logs.getOne("nothing"), 404);
  await refused(guest.logs.getList(), 401);
  await refused(alice.logs.getStats(), 403);
});

// Batches

step("batches are refused until superusers allow them", async () => {
  const batch = bob.createBatch();
  batch.collection("posts").create({ title: "Early", author: ids.bob });
  await refused(batch.send(), 403);
  await root.settings.update({ batch: { enabled: true } });
});

step("a batch creates, changes, upserts and deletes, or does nothing at all", async () => {
  const id = "batchpost000001";
  const batch = bob.createBatch();
  batch.collection("posts").create({ id, title: "In a batch", views: 1, author: ids.bob });
  batch.collection("posts").update(id, { "views+": 2 }, { fields: "id,views" });
  batch.collection("posts").upsert({ id, body: NASTY.join("\n"), published: true, author: ids.bob });
  batch.collection("posts").upsert({ title: "Another", author: ids.bob }, { expand: "author" });
  const [made, changed, upserted, another] = await batch.send();
  assert.deepEqual([made.status, made.body.title, made.body.id], [200, "In a batch", id]);
  assert.deepEqual(changed.body, { id, views: 3 });
  assert.deepEqual([upserted.body.title, upserted.body.body], ["In a batch", NASTY.join("\n")]);
  assert.equal(another.body.expand.author.id, ids.bob);

  const failing = bob.createBatch();
  failing.collection("posts").update(id, { title: "Lost" });
  failing.collection("posts").create({ title: "", author: ids.bob });
  try {
    await failing.send();
    assert.fail("expected a refusal");
  } catch ({ status, response: { data } }) {
    assert.equal(status, 400);
    assert.deepEqual(Object.keys(data.requests), ["1"]);
    assert.equal(data.requests[1].code, "batch_request_failed");
    assert.equal(data.requests[1].response.data.title.code, "validation_required");
  }
  assert.equal((await bob.collection("posts").getOne(id)).title, "In a batch");

  const clearing = root.createBatch();
  clearing.collection("posts").delete(id);
  clearing.collection("posts").delete(another.body.id);
  assert.deepEqual(await clearing.send(), [{ status: 204, body: null }, { status: 204, body: null }]);
  await refused(bob.collection("posts").getOne(id), 404);
});

step("a guest signs up in a batch, and then signs in", async () => {
  const batch = client().createBatch();
  batch.collection("users").create(draftOf("carol"));
  batch.collection("users").create(draftOf("dave"));
  const [carol] = await batch.send();
  const signedIn = await signIn(client(), "carol");
  assert.equal(signedIn.record.id, carol.body.id);
  for (const name of ["carol", "dave"]) {
    await root.collection("users").delete((await signIn(client(), name)).record.id);
  }
});

// The end

step("the token of a deleted user makes a guest", async () => {
  assert.equal(await root.collection("users").delete(ids.editor), true);
  assert.equal(editor.authStore.isValid, true);
  assert.deepEqual((await editor.collection("users").getList()).items, []);
  await refused(editor.collection("users").authRefresh(), 401);
  await refused(signIn(client(), "editor"), 400);
});

step("a user leaves, and the store is empty", async () => {
  await root.collection("posts").getFullList({ filter: `author = '${ids.bob}'` }).then((posts) =>
    Promise.all(posts.map((post) => root.collection("posts").delete(post.id))));
  assert.equal(await bob.collection("users").delete(ids.bob), true);
  assert.equal(bob.authStore.isValid, false);
});

for (const [name, run] of steps) {
  let problem = null;
  try {
    await run();
  } catch (error) {
    problem = error.response ? `${error.status} ${JSON.stringify(error.response)}` : error.message;
  }
  console.log(JSON.stringify({ step: name, problem }));
}
