--
-- PostgreSQL database dump
--


-- Dumped from database version 18.4
-- Dumped by pg_dump version 18.4

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET transaction_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

--
-- Name: piccobase_logs; Type: SCHEMA; Schema: -; Owner: -
--

CREATE SCHEMA piccobase_logs;


SET default_tablespace = '';

SET default_table_access_method = heap;

--
-- Name: logs; Type: TABLE; Schema: piccobase_logs; Owner: -
--

CREATE TABLE piccobase_logs.logs (
    id character varying(15) NOT NULL,
    created timestamp with time zone NOT NULL,
    level integer NOT NULL,
    message text NOT NULL,
    data jsonb NOT NULL
);


--
-- Name: _collections; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public._collections (
    id character varying(255) DEFAULT ''::character varying NOT NULL COLLATE pg_catalog."C",
    name character varying(255) DEFAULT ''::character varying NOT NULL COLLATE pg_catalog."C",
    kind character varying(10) DEFAULT ''::character varying NOT NULL COLLATE pg_catalog."C",
    auth_rule text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C"
);


--
-- Name: _jobs; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public._jobs (
    id character varying(255) DEFAULT ''::character varying NOT NULL COLLATE pg_catalog."C",
    name character varying(255) DEFAULT ''::character varying NOT NULL COLLATE pg_catalog."C",
    arguments text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    state character varying(10) DEFAULT ''::character varying NOT NULL COLLATE pg_catalog."C",
    priority integer DEFAULT 0 NOT NULL,
    due bigint DEFAULT 0 NOT NULL,
    key character varying(255) DEFAULT NULL::character varying COLLATE pg_catalog."C",
    attempt integer DEFAULT 0 NOT NULL,
    attempts integer DEFAULT 1 NOT NULL,
    worker character varying(15) DEFAULT NULL::character varying COLLATE pg_catalog."C",
    created bigint DEFAULT 0 NOT NULL,
    started bigint,
    ended bigint,
    error text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C"
);


--
-- Name: _rate_windows; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public._rate_windows (
    key character varying(64) DEFAULT ''::character varying NOT NULL COLLATE pg_catalog."C",
    used bigint DEFAULT 0 NOT NULL,
    ends double precision DEFAULT 0.0 NOT NULL
);


--
-- Name: _roles; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public._roles (
    id character varying(255) DEFAULT ''::character varying NOT NULL COLLATE pg_catalog."C",
    collection character varying(255) DEFAULT ''::character varying NOT NULL COLLATE pg_catalog."C",
    record character varying(255) DEFAULT ''::character varying NOT NULL COLLATE pg_catalog."C",
    role character varying(255) DEFAULT ''::character varying NOT NULL COLLATE pg_catalog."C"
);


--
-- Name: _schedules; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public._schedules (
    id character varying(255) DEFAULT ''::character varying NOT NULL COLLATE pg_catalog."C",
    fired bigint DEFAULT 0 NOT NULL,
    skipped bigint,
    missed bigint,
    job character varying(15) DEFAULT NULL::character varying COLLATE pg_catalog."C",
    outcome character varying(10) DEFAULT ''::character varying NOT NULL COLLATE pg_catalog."C",
    started bigint,
    ended bigint,
    error text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C"
);


--
-- Name: _secrets; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public._secrets (
    name character varying(255) DEFAULT ''::character varying NOT NULL COLLATE pg_catalog."C",
    value text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C"
);


--
-- Name: _settings; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public._settings (
    name character varying(255) DEFAULT ''::character varying NOT NULL COLLATE pg_catalog."C",
    value text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    revision bigint DEFAULT 0 NOT NULL
);


--
-- Name: _superusers; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public._superusers (
    id character varying(255) DEFAULT ''::character varying NOT NULL COLLATE pg_catalog."C",
    created timestamp with time zone DEFAULT date_trunc('milliseconds'::text, CURRENT_TIMESTAMP) NOT NULL,
    updated timestamp with time zone DEFAULT date_trunc('milliseconds'::text, CURRENT_TIMESTAMP) NOT NULL,
    password character varying(255) DEFAULT ''::character varying NOT NULL COLLATE pg_catalog."C",
    "tokenKey" character varying(60) DEFAULT ''::character varying NOT NULL COLLATE pg_catalog."C",
    email character varying(255) DEFAULT ''::character varying NOT NULL COLLATE pg_catalog."C",
    "emailVisibility" boolean DEFAULT false NOT NULL,
    verified boolean DEFAULT false NOT NULL
);


--
-- Name: _workers; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public._workers (
    id character varying(255) DEFAULT ''::character varying NOT NULL COLLATE pg_catalog."C",
    beat integer DEFAULT 0 NOT NULL,
    place character varying(255) DEFAULT ''::character varying NOT NULL COLLATE pg_catalog."C",
    started bigint DEFAULT 0 NOT NULL
);


--
-- Name: books; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.books (
    id character varying(255) DEFAULT ''::character varying NOT NULL COLLATE pg_catalog."C",
    created timestamp with time zone DEFAULT date_trunc('milliseconds'::text, CURRENT_TIMESTAMP) NOT NULL,
    updated timestamp with time zone DEFAULT date_trunc('milliseconds'::text, CURRENT_TIMESTAMP) NOT NULL,
    title character varying(200) DEFAULT ''::character varying NOT NULL COLLATE pg_catalog."C",
    pages integer DEFAULT 0 NOT NULL,
    price numeric(12,4) DEFAULT '0'::numeric NOT NULL,
    bought date,
    lent boolean DEFAULT false NOT NULL,
    remarks text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    subjects jsonb DEFAULT '[]'::jsonb NOT NULL,
    reader character varying(255) COLLATE pg_catalog."C"
);


--
-- Name: members; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.members (
    id character varying(255) DEFAULT ''::character varying NOT NULL COLLATE pg_catalog."C",
    created timestamp with time zone DEFAULT date_trunc('milliseconds'::text, CURRENT_TIMESTAMP) NOT NULL,
    updated timestamp with time zone DEFAULT date_trunc('milliseconds'::text, CURRENT_TIMESTAMP) NOT NULL,
    password character varying(255) DEFAULT ''::character varying NOT NULL COLLATE pg_catalog."C",
    "tokenKey" character varying(60) DEFAULT ''::character varying NOT NULL COLLATE pg_catalog."C",
    email character varying(255) DEFAULT ''::character varying NOT NULL COLLATE pg_catalog."C",
    "emailVisibility" boolean DEFAULT false NOT NULL,
    verified boolean DEFAULT false NOT NULL,
    name character varying(255) DEFAULT ''::character varying NOT NULL COLLATE pg_catalog."C"
);


--
-- Name: migration; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.migration (
    id integer NOT NULL,
    name character varying(200) DEFAULT ''::character varying NOT NULL COLLATE pg_catalog."C",
    app_name character varying(200) DEFAULT ''::character varying NOT NULL COLLATE pg_catalog."C",
    ran_on timestamp without time zone DEFAULT CURRENT_TIMESTAMP NOT NULL
);


--
-- Name: migration_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

CREATE SEQUENCE public.migration_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


--
-- Name: migration_id_seq; Type: SEQUENCE OWNED BY; Schema: public; Owner: -
--

ALTER SEQUENCE public.migration_id_seq OWNED BY public.migration.id;


--
-- Name: shelves; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.shelves (
    id integer NOT NULL,
    label character varying(20) DEFAULT ''::character varying NOT NULL COLLATE pg_catalog."C"
);


--
-- Name: shelves_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

CREATE SEQUENCE public.shelves_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


--
-- Name: shelves_id_seq; Type: SEQUENCE OWNED BY; Schema: public; Owner: -
--

ALTER SEQUENCE public.shelves_id_seq OWNED BY public.shelves.id;


--
-- Name: migration id; Type: DEFAULT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.migration ALTER COLUMN id SET DEFAULT nextval('public.migration_id_seq'::regclass);


--
-- Name: shelves id; Type: DEFAULT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.shelves ALTER COLUMN id SET DEFAULT nextval('public.shelves_id_seq'::regclass);


--
-- Data for Name: logs; Type: TABLE DATA; Schema: piccobase_logs; Owner: -
--

INSERT INTO piccobase_logs.logs VALUES ('mwwvv85fvg9u000', '2026-11-26 01:38:07.263+00', 0, 'GET /api/health', '{"url": "/api/health", "auth": "", "type": "request", "method": "GET", "status": 200, "userIP": "127.0.0.1", "referer": "", "execTime": 0.760163, "remoteIP": "127.0.0.1", "userAgent": ""}');
INSERT INTO piccobase_logs.logs VALUES ('mwwvv85fvg9u001', '2026-11-26 01:38:07.298+00', 0, 'POST /api/collections/_superusers/auth-with-password', '{"url": "/api/collections/_superusers/auth-with-password", "auth": "", "type": "request", "method": "POST", "status": 200, "userIP": "127.0.0.1", "referer": "", "execTime": 31.833148, "remoteIP": "127.0.0.1", "userAgent": ""}');
INSERT INTO piccobase_logs.logs VALUES ('mwwvv85fvg9u002', '2026-11-26 01:38:07.329+00', 0, 'POST /api/collections/members/records', '{"url": "/api/collections/members/records", "auth": "_superusers", "type": "request", "method": "POST", "status": 200, "userIP": "127.0.0.1", "referer": "", "execTime": 30.153664, "remoteIP": "127.0.0.1", "userAgent": ""}');
INSERT INTO piccobase_logs.logs VALUES ('mwwvv85fvg9u003', '2026-11-26 01:38:07.332+00', 0, 'POST /api/collections/books/records', '{"url": "/api/collections/books/records", "auth": "_superusers", "type": "request", "method": "POST", "status": 200, "userIP": "127.0.0.1", "referer": "", "execTime": 2.398492, "remoteIP": "127.0.0.1", "userAgent": ""}');
INSERT INTO piccobase_logs.logs VALUES ('mwwvv85fvg9u004', '2026-11-26 01:38:07.333+00', 0, 'POST /api/collections/books/records', '{"url": "/api/collections/books/records", "auth": "_superusers", "type": "request", "method": "POST", "status": 200, "userIP": "127.0.0.1", "referer": "", "execTime": 0.747865, "remoteIP": "127.0.0.1", "userAgent": ""}');
INSERT INTO piccobase_logs.logs VALUES ('mwwvv85fvg9u005', '2026-11-26 01:38:07.335+00', 0, 'POST /api/collections/shelves/records', '{"url": "/api/collections/shelves/records", "auth": "_superusers", "type": "request", "method": "POST", "status": 200, "userIP": "127.0.0.1", "referer": "", "execTime": 1.054433, "remoteIP": "127.0.0.1", "userAgent": ""}');
INSERT INTO piccobase_logs.logs VALUES ('mwwvv85fvg9u006', '2026-11-26 01:38:07.336+00', 0, 'POST /api/collections/shelves/records', '{"url": "/api/collections/shelves/records", "auth": "_superusers", "type": "request", "method": "POST", "status": 200, "userIP": "127.0.0.1", "referer": "", "execTime": 0.643680, "remoteIP": "127.0.0.1", "userAgent": ""}');
INSERT INTO piccobase_logs.logs VALUES ('mwwvv85fvg9u007', '2026-11-26 01:38:07.337+00', 0, 'PUT /api/collections/members/records/s0enwm77ax8lo40/roles', '{"url": "/api/collections/members/records/s0enwm77ax8lo40/roles", "auth": "_superusers", "type": "request", "method": "PUT", "status": 200, "userIP": "127.0.0.1", "referer": "", "execTime": 1.170256, "remoteIP": "127.0.0.1", "userAgent": ""}');
INSERT INTO piccobase_logs.logs VALUES ('mwwvv85fvg9u008', '2026-11-26 01:38:07.339+00', 0, 'GET /api/settings', '{"url": "/api/settings", "auth": "_superusers", "type": "request", "method": "GET", "status": 200, "userIP": "127.0.0.1", "referer": "", "execTime": 1.395691, "remoteIP": "127.0.0.1", "userAgent": ""}');
INSERT INTO piccobase_logs.logs VALUES ('mwwvv85fvg9u009', '2026-11-26 01:38:07.344+00', 0, 'PATCH /api/settings', '{"url": "/api/settings", "auth": "_superusers", "type": "request", "method": "PATCH", "status": 200, "userIP": "127.0.0.1", "referer": "", "execTime": 4.216428, "remoteIP": "127.0.0.1", "userAgent": ""}');
INSERT INTO piccobase_logs.logs VALUES ('mwwvv85fvg9u00a', '2026-11-26 01:38:07.345+00', 0, 'GET /api/collections/books/records?sort=id', '{"url": "/api/collections/books/records?sort=id", "auth": "_superusers", "type": "request", "method": "GET", "status": 200, "userIP": "127.0.0.1", "referer": "", "execTime": 1.322873, "remoteIP": "127.0.0.1", "userAgent": ""}');
INSERT INTO piccobase_logs.logs VALUES ('mwwvv85fvg9u00b', '2026-11-26 01:38:07.346+00', 0, 'GET /api/collections/members/records?sort=id', '{"url": "/api/collections/members/records?sort=id", "auth": "_superusers", "type": "request", "method": "GET", "status": 200, "userIP": "127.0.0.1", "referer": "", "execTime": 0.817930, "remoteIP": "127.0.0.1", "userAgent": ""}');
INSERT INTO piccobase_logs.logs VALUES ('mwwvv85fvg9u00c', '2026-11-26 01:38:07.348+00', 0, 'GET /api/collections/shelves/records?sort=id', '{"url": "/api/collections/shelves/records?sort=id", "auth": "_superusers", "type": "request", "method": "GET", "status": 200, "userIP": "127.0.0.1", "referer": "", "execTime": 0.794234, "remoteIP": "127.0.0.1", "userAgent": ""}');
INSERT INTO piccobase_logs.logs VALUES ('mwwvv85fvg9u00d', '2026-11-26 01:38:07.348+00', 0, 'GET /api/collections/members/records/s0enwm77ax8lo40/roles', '{"url": "/api/collections/members/records/s0enwm77ax8lo40/roles", "auth": "_superusers", "type": "request", "method": "GET", "status": 200, "userIP": "127.0.0.1", "referer": "", "execTime": 0.592954, "remoteIP": "127.0.0.1", "userAgent": ""}');
INSERT INTO piccobase_logs.logs VALUES ('mwwvv85fvg9u00e', '2026-11-26 01:38:07.35+00', 0, 'GET /api/settings', '{"url": "/api/settings", "auth": "_superusers", "type": "request", "method": "GET", "status": 200, "userIP": "127.0.0.1", "referer": "", "execTime": 0.887684, "remoteIP": "127.0.0.1", "userAgent": ""}');


--
-- Data for Name: _collections; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public._collections VALUES ('pbc_3142635823', '_superusers', 'auth', '');
INSERT INTO public._collections VALUES ('pbc_2620428958', 'members', 'auth', '');
INSERT INTO public._collections VALUES ('pbc_2170393721', 'books', 'base', '');
INSERT INTO public._collections VALUES ('pbc_2495675413', 'shelves', 'base', '');


--
-- Data for Name: _jobs; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: _rate_windows; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: _roles; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public._roles VALUES ('z1e9yh40gjrs27z', 'pbc_2620428958', 's0enwm77ax8lo40', 'librarian');


--
-- Data for Name: _schedules; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public._schedules VALUES ('__pbDBOptimize__', 1795657087267, NULL, NULL, NULL, '', NULL, NULL, '');
INSERT INTO public._schedules VALUES ('__pbJobsCleanup__', 1795657087268, NULL, NULL, NULL, '', NULL, NULL, '');


--
-- Data for Name: _secrets; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public._secrets VALUES ('token.pbc_3142635823.auth', 'eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIiwia2lkIjoidG9rZW4ucGJjXzMxNDI2MzU4MjMuYXV0aCJ9..I8aKS54nYMnDr9zK.2sQCkE-AJAoa0IgvRUfmTRApbvF9wr4L-X4b4eqdNp6JW8NFNlmnvaMf6Ux2iSIJfik.PcWONeumVaHpYuLohFzLDg');
INSERT INTO public._secrets VALUES ('token.pbc_2620428958.auth', 'eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIiwia2lkIjoidG9rZW4ucGJjXzI2MjA0Mjg5NTguYXV0aCJ9..F-e9QkQLGQqf3ZEg.1XEMhteaQjtxFwep8DtYLpXtCejH3EV5ODuh0yxcB_hKybCqBzGTZozd6tXnqSYzlVk.d6sTtbR2YZJehb_qzouOFw');
INSERT INTO public._secrets VALUES ('setting.smtp.password', 'eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIiwia2lkIjoic2V0dGluZy5zbXRwLnBhc3N3b3JkIn0..zevYiIHuGE9nEGMK.0GIXTlTodzz1dYDv_Q.a9nq-MSMKf_isalBqvt9Ug');


--
-- Data for Name: _settings; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public._settings VALUES ('', 'null', 1);
INSERT INTO public._settings VALUES ('meta', '{"appName":"Kept library","appURL":"http://localhost:8090","senderName":"Support","senderAddress":"support@example.com","accentColor":"#1055c9","hideControls":false}', 1);
INSERT INTO public._settings VALUES ('smtp', '{"enabled":false,"host":"mail.example.com","port":587,"username":"","authMethod":"","tls":false,"localName":""}', 1);


--
-- Data for Name: _superusers; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public._superusers VALUES ('xy6uduwcxuiwul2', '2026-11-26 01:38:06.125+00', '2026-11-26 01:38:06.125+00', '$argon2id$v=19$m=19456,t=2,p=1$Iwlf/KwlObLmC6JOxt9B1Q$qvg9PZV5ItgfSc4z6bgvcz/VOGFF9fLezRF0TRoIEMA', 'ziz5uCA0EXgywMA1IhteO2JMnSGBT4pf9Du6AaWihKlBSZjHy4', 'root@example.com', false, true);


--
-- Data for Name: _workers; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: books; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.books VALUES ('4y3rk59jfexutus', '2026-11-26 01:38:07.33+00', '2026-11-26 01:38:07.33+00', 'It''s “quoted”; ünïcödé ☕', 412, 1234567.8901, '2024-02-29', true, 'two
lines', '["history", "science"]', 's0enwm77ax8lo40');
INSERT INTO public.books VALUES ('fxcx4jev88x5ni3', '2026-11-26 01:38:07.333+00', '2026-11-26 01:38:07.333+00', 'Nothing but a title', 0, 0.0000, NULL, false, '', '[]', NULL);


--
-- Data for Name: members; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.members VALUES ('s0enwm77ax8lo40', '2026-11-26 01:38:07.299+00', '2026-11-26 01:38:07.299+00', '$argon2id$v=19$m=19456,t=2,p=1$Gn7dkPlO+6VnUhqCOJHc8w$CPXXM6FRnxtGzmfk4x+t32WBJp9uVjIjEIRVdwfRBwg', 'tbWMnV4QI0m9gAJMEauZc7wJoscO6frLQtWp6vinYU0p5ooHxE', 'ada@example.com', false, false, 'Ada');


--
-- Data for Name: migration; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.migration VALUES (1, '2026-11-25T04:48:35:307572', 'piccobase', '2026-11-26 01:38:04.796566');
INSERT INTO public.migration VALUES (2, '2026-11-25T23:20:00:000000', 'piccobase', '2026-11-26 01:38:04.796566');
INSERT INTO public.migration VALUES (3, '2026-11-25T23:30:00:000000', 'piccobase', '2026-11-26 01:38:04.796566');
INSERT INTO public.migration VALUES (4, '2026-11-25T23:31:00:000000', 'piccobase', '2026-11-26 01:38:04.796566');
INSERT INTO public.migration VALUES (5, '2026-11-25T23:40:00:000000', 'piccobase', '2026-11-26 01:38:04.796566');


--
-- Data for Name: shelves; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.shelves VALUES (1, 'top');
INSERT INTO public.shelves VALUES (2, 'middle');


--
-- Name: migration_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.migration_id_seq', 5, true);


--
-- Name: shelves_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.shelves_id_seq', 2, true);


--
-- Name: logs logs_pkey; Type: CONSTRAINT; Schema: piccobase_logs; Owner: -
--

ALTER TABLE ONLY piccobase_logs.logs
    ADD CONSTRAINT logs_pkey PRIMARY KEY (id);


--
-- Name: _collections _collections_name_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public._collections
    ADD CONSTRAINT _collections_name_key UNIQUE (name);


--
-- Name: _collections _collections_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public._collections
    ADD CONSTRAINT _collections_pkey PRIMARY KEY (id);


--
-- Name: _jobs _jobs_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public._jobs
    ADD CONSTRAINT _jobs_pkey PRIMARY KEY (id);


--
-- Name: _rate_windows _rate_windows_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public._rate_windows
    ADD CONSTRAINT _rate_windows_pkey PRIMARY KEY (key);


--
-- Name: _roles _roles_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public._roles
    ADD CONSTRAINT _roles_pkey PRIMARY KEY (id);


--
-- Name: _schedules _schedules_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public._schedules
    ADD CONSTRAINT _schedules_pkey PRIMARY KEY (id);


--
-- Name: _secrets _secrets_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public._secrets
    ADD CONSTRAINT _secrets_pkey PRIMARY KEY (name);


--
-- Name: _settings _settings_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public._settings
    ADD CONSTRAINT _settings_pkey PRIMARY KEY (name);


--
-- Name: _superusers _superusers_email_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public._superusers
    ADD CONSTRAINT _superusers_email_key UNIQUE (email);


--
-- Name: _superusers _superusers_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public._superusers
    ADD CONSTRAINT _superusers_pkey PRIMARY KEY (id);


--
-- Name: _superusers _superusers_tokenKey_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public._superusers
    ADD CONSTRAINT "_superusers_tokenKey_key" UNIQUE ("tokenKey");


--
-- Name: _workers _workers_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public._workers
    ADD CONSTRAINT _workers_pkey PRIMARY KEY (id);


--
-- Name: books books_once; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.books
    ADD CONSTRAINT books_once UNIQUE (title, pages);


--
-- Name: books books_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.books
    ADD CONSTRAINT books_pkey PRIMARY KEY (id);


--
-- Name: _roles granted_once; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public._roles
    ADD CONSTRAINT granted_once UNIQUE (collection, record, role);


--
-- Name: members members_email_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.members
    ADD CONSTRAINT members_email_key UNIQUE (email);


--
-- Name: members members_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.members
    ADD CONSTRAINT members_pkey PRIMARY KEY (id);


--
-- Name: migration migration_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.migration
    ADD CONSTRAINT migration_pkey PRIMARY KEY (id);


--
-- Name: shelves shelves_label_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.shelves
    ADD CONSTRAINT shelves_label_key UNIQUE (label);


--
-- Name: shelves shelves_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.shelves
    ADD CONSTRAINT shelves_pkey PRIMARY KEY (id);


--
-- Name: logs_created; Type: INDEX; Schema: piccobase_logs; Owner: -
--

CREATE INDEX logs_created ON piccobase_logs.logs USING btree (created);


--
-- Name: _jobs_dead; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX _jobs_dead ON public._jobs USING btree (ended) WHERE ((state)::text = 'dead'::text);


--
-- Name: _jobs_delayed; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX _jobs_delayed ON public._jobs USING btree (due, id) WHERE ((state)::text = 'delayed'::text);


--
-- Name: _jobs_done; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX _jobs_done ON public._jobs USING btree (ended) WHERE ((state)::text = 'done'::text);


--
-- Name: _jobs_key; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX _jobs_key ON public._jobs USING btree (key) WHERE ((state)::text = ANY ((ARRAY['delayed'::character varying, 'waiting'::character varying])::text[]));


--
-- Name: _jobs_running; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX _jobs_running ON public._jobs USING btree (worker) WHERE ((state)::text = 'running'::text);


--
-- Name: _jobs_unfinished; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX _jobs_unfinished ON public._jobs USING btree (name) WHERE ((state)::text = ANY ((ARRAY['delayed'::character varying, 'waiting'::character varying, 'running'::character varying])::text[]));


--
-- Name: _jobs_waiting; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX _jobs_waiting ON public._jobs USING btree (priority DESC, due, id) WHERE ((state)::text = 'waiting'::text);


--
-- Name: books_pages; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX books_pages ON public.books USING btree (pages);


--
-- Name: members_tokenKey_key; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX "members_tokenKey_key" ON public.members USING btree ("tokenKey") WHERE (("tokenKey")::text <> ''::text);


--
-- Name: books books_reader_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.books
    ADD CONSTRAINT books_reader_fkey FOREIGN KEY (reader) REFERENCES public.members(id) ON UPDATE CASCADE ON DELETE SET NULL;


--
-- PostgreSQL database dump complete
--


