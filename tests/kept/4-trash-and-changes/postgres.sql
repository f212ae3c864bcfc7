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


--
-- Name: _note_change(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public._note_change() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
    acting text[] := string_to_array(coalesce(current_setting('piccobase.actor', true), ''), '.');
    actor_collection text := convert_from(decode(coalesce(acting[1], ''), 'hex'), 'UTF8');
    actor text := convert_from(decode(coalesce(acting[2], ''), 'hex'), 'UTF8');
    moment bigint := extract(epoch FROM clock_timestamp()) * 1000;
    before jsonb;
    after jsonb;
    said text;
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        INSERT INTO public."_changes" ("collection", "verb", "actor_collection", "actor", "time")
        VALUES (TG_ARGV[0], 'delete', actor_collection, actor, moment);
        RETURN NULL;
    END IF;
    IF TG_OP <> 'INSERT' THEN
        before := to_jsonb(OLD);
    END IF;
    IF TG_OP <> 'DELETE' THEN
        after := to_jsonb(NEW);
    END IF;
    IF TG_OP = 'UPDATE' AND before -> TG_ARGV[1] = after -> TG_ARGV[1] THEN
        SELECT coalesce(jsonb_agg(name.value ORDER BY name.value COLLATE "C"), '[]') INTO said
        FROM jsonb_each_text(TG_ARGV[2]::jsonb) AS name
        WHERE before -> name.key IS DISTINCT FROM after -> name.key;
        INSERT INTO public."_changes"
            ("collection", "record", "verb", "fields", "actor_collection", "actor", "time")
        VALUES (TG_ARGV[0], after ->> TG_ARGV[1], 'update', said, actor_collection, actor, moment);
        RETURN NULL;
    END IF;
    IF before IS NOT NULL THEN
        SELECT jsonb_object_agg(name.value, before -> name.key) INTO said
        FROM jsonb_each_text(TG_ARGV[3]::jsonb) AS name;
        INSERT INTO public."_changes"
            ("collection", "record", "verb", "row", "actor_collection", "actor", "time")
        VALUES (TG_ARGV[0], before ->> TG_ARGV[1], 'delete', said, actor_collection, actor, moment);
    END IF;
    IF after IS NOT NULL THEN
        INSERT INTO public."_changes" ("collection", "record", "verb", "actor_collection", "actor", "time")
        VALUES (TG_ARGV[0], after ->> TG_ARGV[1], 'create', actor_collection, actor, moment);
    END IF;
    RETURN NULL;
END $$;


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
-- Name: _changes; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public._changes (
    "position" bigint NOT NULL,
    collection character varying(255) DEFAULT ''::character varying NOT NULL COLLATE pg_catalog."C",
    record text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    verb character varying(10) DEFAULT ''::character varying NOT NULL COLLATE pg_catalog."C",
    fields text COLLATE pg_catalog."C",
    actor_collection character varying(255) DEFAULT ''::character varying NOT NULL COLLATE pg_catalog."C",
    actor text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    "time" bigint DEFAULT 0 NOT NULL,
    "row" text COLLATE pg_catalog."C",
    tx xid8 DEFAULT pg_current_xact_id() NOT NULL
);


--
-- Name: _changes_position_seq; Type: SEQUENCE; Schema: public; Owner: -
--

CREATE SEQUENCE public._changes_position_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


--
-- Name: _changes_position_seq; Type: SEQUENCE OWNED BY; Schema: public; Owner: -
--

ALTER SEQUENCE public._changes_position_seq OWNED BY public._changes."position";


--
-- Name: _collections; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public._collections (
    id character varying(255) DEFAULT ''::character varying NOT NULL COLLATE pg_catalog."C",
    name character varying(255) DEFAULT ''::character varying NOT NULL COLLATE pg_catalog."C",
    kind character varying(10) DEFAULT ''::character varying NOT NULL COLLATE pg_catalog."C",
    auth_rule text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    watched text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C"
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
    key character varying(255) COLLATE pg_catalog."C",
    attempt integer DEFAULT 0 NOT NULL,
    attempts integer DEFAULT 1 NOT NULL,
    worker character varying(15) COLLATE pg_catalog."C",
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
    job character varying(15) COLLATE pg_catalog."C",
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
-- Name: _trash; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public._trash (
    id character varying(15) DEFAULT ''::character varying NOT NULL COLLATE pg_catalog."C",
    place character varying(255) DEFAULT ''::character varying NOT NULL COLLATE pg_catalog."C",
    kind character varying(10) DEFAULT ''::character varying NOT NULL COLLATE pg_catalog."C",
    rows bigint DEFAULT 0 NOT NULL,
    migration character varying(255) DEFAULT ''::character varying NOT NULL COLLATE pg_catalog."C",
    created bigint DEFAULT 0 NOT NULL,
    details text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C"
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
-- Name: _changes position; Type: DEFAULT; Schema: public; Owner: -
--

ALTER TABLE ONLY public._changes ALTER COLUMN "position" SET DEFAULT nextval('public._changes_position_seq'::regclass);


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

INSERT INTO piccobase_logs.logs VALUES ('mwwy7v8a5vt2000', '2026-11-26 02:43:56.084+00', 0, 'GET /api/health', '{"url": "/api/health", "auth": "", "type": "request", "method": "GET", "status": 200, "userIP": "127.0.0.1", "referer": "", "execTime": 7.674166, "remoteIP": "127.0.0.1", "userAgent": ""}');
INSERT INTO piccobase_logs.logs VALUES ('mwwy7v8a5vt2001', '2026-11-26 02:43:56.182+00', 0, 'POST /api/collections/_superusers/auth-with-password', '{"url": "/api/collections/_superusers/auth-with-password", "auth": "", "type": "request", "method": "POST", "status": 200, "userIP": "127.0.0.1", "referer": "", "execTime": 97.539749, "remoteIP": "127.0.0.1", "userAgent": ""}');
INSERT INTO piccobase_logs.logs VALUES ('mwwy7v8a5vt2002', '2026-11-26 02:43:56.277+00', 0, 'POST /api/collections/members/records', '{"url": "/api/collections/members/records", "auth": "_superusers", "type": "request", "method": "POST", "status": 200, "userIP": "127.0.0.1", "referer": "", "execTime": 91.848501, "remoteIP": "127.0.0.1", "userAgent": ""}');
INSERT INTO piccobase_logs.logs VALUES ('mwwy7v8a5vt2003', '2026-11-26 02:43:56.288+00', 0, 'POST /api/collections/books/records', '{"url": "/api/collections/books/records", "auth": "_superusers", "type": "request", "method": "POST", "status": 200, "userIP": "127.0.0.1", "referer": "", "execTime": 10.393021, "remoteIP": "127.0.0.1", "userAgent": ""}');
INSERT INTO piccobase_logs.logs VALUES ('mwwy7v8a5vt2004', '2026-11-26 02:43:56.298+00', 0, 'POST /api/collections/books/records', '{"url": "/api/collections/books/records", "auth": "_superusers", "type": "request", "method": "POST", "status": 200, "userIP": "127.0.0.1", "referer": "", "execTime": 8.937150, "remoteIP": "127.0.0.1", "userAgent": ""}');
INSERT INTO piccobase_logs.logs VALUES ('mwwy7v8a5vt2005', '2026-11-26 02:43:56.306+00', 0, 'POST /api/collections/shelves/records', '{"url": "/api/collections/shelves/records", "auth": "_superusers", "type": "request", "method": "POST", "status": 200, "userIP": "127.0.0.1", "referer": "", "execTime": 3.989220, "remoteIP": "127.0.0.1", "userAgent": ""}');
INSERT INTO piccobase_logs.logs VALUES ('mwwy7v8a5vt2006', '2026-11-26 02:43:56.318+00', 0, 'POST /api/collections/shelves/records', '{"url": "/api/collections/shelves/records", "auth": "_superusers", "type": "request", "method": "POST", "status": 200, "userIP": "127.0.0.1", "referer": "", "execTime": 11.332933, "remoteIP": "127.0.0.1", "userAgent": ""}');
INSERT INTO piccobase_logs.logs VALUES ('mwwy7v8a5vt2007', '2026-11-26 02:43:56.32+00', 0, 'PUT /api/collections/members/records/x197anfspflv016/roles', '{"url": "/api/collections/members/records/x197anfspflv016/roles", "auth": "_superusers", "type": "request", "method": "PUT", "status": 200, "userIP": "127.0.0.1", "referer": "", "execTime": 1.761097, "remoteIP": "127.0.0.1", "userAgent": ""}');
INSERT INTO piccobase_logs.logs VALUES ('mwwy7v8a5vt2008', '2026-11-26 02:43:56.322+00', 0, 'GET /api/settings', '{"url": "/api/settings", "auth": "_superusers", "type": "request", "method": "GET", "status": 200, "userIP": "127.0.0.1", "referer": "", "execTime": 1.472046, "remoteIP": "127.0.0.1", "userAgent": ""}');
INSERT INTO piccobase_logs.logs VALUES ('mwwy7v8a5vt2009', '2026-11-26 02:43:56.328+00', 0, 'PATCH /api/settings', '{"url": "/api/settings", "auth": "_superusers", "type": "request", "method": "PATCH", "status": 200, "userIP": "127.0.0.1", "referer": "", "execTime": 5.700753, "remoteIP": "127.0.0.1", "userAgent": ""}');
INSERT INTO piccobase_logs.logs VALUES ('mwwy7v8a5vt200a', '2026-11-26 02:43:56.338+00', 0, 'GET /api/collections/books/records?sort=id', '{"url": "/api/collections/books/records?sort=id", "auth": "_superusers", "type": "request", "method": "GET", "status": 200, "userIP": "127.0.0.1", "referer": "", "execTime": 9.857071, "remoteIP": "127.0.0.1", "userAgent": ""}');
INSERT INTO piccobase_logs.logs VALUES ('mwwy7v8a5vt200b', '2026-11-26 02:43:56.341+00', 0, 'GET /api/collections/members/records?sort=id', '{"url": "/api/collections/members/records?sort=id", "auth": "_superusers", "type": "request", "method": "GET", "status": 200, "userIP": "127.0.0.1", "referer": "", "execTime": 2.842960, "remoteIP": "127.0.0.1", "userAgent": ""}');
INSERT INTO piccobase_logs.logs VALUES ('mwwy7v8a5vt200c', '2026-11-26 02:43:56.343+00', 0, 'GET /api/collections/shelves/records?sort=id', '{"url": "/api/collections/shelves/records?sort=id", "auth": "_superusers", "type": "request", "method": "GET", "status": 200, "userIP": "127.0.0.1", "referer": "", "execTime": 1.264546, "remoteIP": "127.0.0.1", "userAgent": ""}');
INSERT INTO piccobase_logs.logs VALUES ('mwwy7v8a5vt200d', '2026-11-26 02:43:56.344+00', 0, 'GET /api/collections/members/records/x197anfspflv016/roles', '{"url": "/api/collections/members/records/x197anfspflv016/roles", "auth": "_superusers", "type": "request", "method": "GET", "status": 200, "userIP": "127.0.0.1", "referer": "", "execTime": 0.866682, "remoteIP": "127.0.0.1", "userAgent": ""}');
INSERT INTO piccobase_logs.logs VALUES ('mwwy7v8a5vt200e', '2026-11-26 02:43:56.345+00', 0, 'GET /api/settings', '{"url": "/api/settings", "auth": "_superusers", "type": "request", "method": "GET", "status": 200, "userIP": "127.0.0.1", "referer": "", "execTime": 0.967383, "remoteIP": "127.0.0.1", "userAgent": ""}');


--
-- Data for Name: _changes; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public._changes VALUES (1, 'pbc_3142635823', '3qmhd2kvvyss9f6', 'create', NULL, '', '', 1795661032926, NULL, '759');
INSERT INTO public._changes VALUES (2, 'pbc_2620428958', 'x197anfspflv016', 'create', NULL, 'pbc_3142635823', '3qmhd2kvvyss9f6', 1795661036257, NULL, '763');
INSERT INTO public._changes VALUES (3, 'pbc_2170393721', 'jsq1ktfpaeihzs4', 'create', NULL, 'pbc_3142635823', '3qmhd2kvvyss9f6', 1795661036287, NULL, '764');
INSERT INTO public._changes VALUES (4, 'pbc_2170393721', 'kiqae92k0fz2878', 'create', NULL, 'pbc_3142635823', '3qmhd2kvvyss9f6', 1795661036293, NULL, '765');
INSERT INTO public._changes VALUES (5, 'pbc_2495675413', '1', 'create', NULL, 'pbc_3142635823', '3qmhd2kvvyss9f6', 1795661036306, NULL, '766');
INSERT INTO public._changes VALUES (6, 'pbc_2495675413', '2', 'create', NULL, 'pbc_3142635823', '3qmhd2kvvyss9f6', 1795661036315, NULL, '767');


--
-- Data for Name: _collections; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public._collections VALUES ('pbc_3142635823', '_superusers', 'auth', '', '');
INSERT INTO public._collections VALUES ('pbc_2620428958', 'members', 'auth', '', '');
INSERT INTO public._collections VALUES ('pbc_2170393721', 'books', 'base', '', '');
INSERT INTO public._collections VALUES ('pbc_2495675413', 'shelves', 'base', '', '');


--
-- Data for Name: _jobs; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: _rate_windows; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: _roles; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public._roles VALUES ('bwxw71njxh3js04', 'pbc_2620428958', 'x197anfspflv016', 'librarian');


--
-- Data for Name: _schedules; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public._schedules VALUES ('__pbDBOptimize__', 1795661036091, NULL, NULL, NULL, '', NULL, NULL, '');
INSERT INTO public._schedules VALUES ('__pbJobsCleanup__', 1795661036092, NULL, NULL, NULL, '', NULL, NULL, '');
INSERT INTO public._schedules VALUES ('__pbChangesCleanup__', 1795661036093, NULL, NULL, NULL, '', NULL, NULL, '');


--
-- Data for Name: _secrets; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public._secrets VALUES ('token.pbc_3142635823.auth', 'eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIiwia2lkIjoidG9rZW4ucGJjXzMxNDI2MzU4MjMuYXV0aCJ9..US-8Jtw-UTbHNkkm.xdtw5Df5EE5JbMD92YOAy-_U6wIsUqcRKzZ8EbBMRo4kOkZiryJkDlvTcgbzeBSzgYY.J5oJiRCm_nthF4M4VtswtA');
INSERT INTO public._secrets VALUES ('token.pbc_2620428958.auth', 'eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIiwia2lkIjoidG9rZW4ucGJjXzI2MjA0Mjg5NTguYXV0aCJ9..QkV3HpcSx4Du2nvT.Y_mK1c1WiyhdYxsFar6E-t1U9Z5iErmO7twMf7tXxOaT6fpyLkCxhXkhQZwoHrX_KyM.9R9xvj45lCXXYaGiwT5W8w');
INSERT INTO public._secrets VALUES ('setting.smtp.password', 'eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIiwia2lkIjoic2V0dGluZy5zbXRwLnBhc3N3b3JkIn0..t7xZCFh51Y7d1kyI.xN2gUlRYtbSDsKZHJw.YNRBEApXPwH2X1UMjnphIQ');


--
-- Data for Name: _settings; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public._settings VALUES ('', 'null', 1);
INSERT INTO public._settings VALUES ('meta', '{"appName":"Kept library","appURL":"http://localhost:8090","senderName":"Support","senderAddress":"support@example.com","accentColor":"#1055c9","hideControls":false}', 1);
INSERT INTO public._settings VALUES ('smtp', '{"enabled":false,"host":"mail.example.com","port":587,"username":"","authMethod":"","tls":false,"localName":""}', 1);


--
-- Data for Name: _superusers; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public._superusers VALUES ('3qmhd2kvvyss9f6', '2026-11-26 02:43:52.923+00', '2026-11-26 02:43:52.923+00', '$argon2id$v=19$m=19456,t=2,p=1$eP3c+0ykMFy4kGtmL5vwqw$sxMZ35eEB9bClDI4+R2I30QW3g/EtcR+vn/WBOdl90Y', '1n0JekzTYQzNr47unJlPIgNZWkjLf7GQSQrrJVao6ihTIlbVT5', 'root@example.com', false, true);


--
-- Data for Name: _trash; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: _workers; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: books; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.books VALUES ('jsq1ktfpaeihzs4', '2026-11-26 02:43:56.281+00', '2026-11-26 02:43:56.281+00', 'It''s “quoted”; ünïcödé ☕', 412, 1234567.8901, '2024-02-29', true, 'two
lines', '["history", "science"]', 'x197anfspflv016');
INSERT INTO public.books VALUES ('kiqae92k0fz2878', '2026-11-26 02:43:56.29+00', '2026-11-26 02:43:56.29+00', 'Nothing but a title', 0, 0.0000, NULL, false, '', '[]', NULL);


--
-- Data for Name: members; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.members VALUES ('x197anfspflv016', '2026-11-26 02:43:56.19+00', '2026-11-26 02:43:56.19+00', '$argon2id$v=19$m=19456,t=2,p=1$xJynA+rpLsJDAAq3c/UsVA$kuL7iAW4yJhw26eaxY2xJ5TqeaKDVR39Py4+3ySXfnk', '5BIKJyuaDLqfd164Xy3ZUmSSXN106fDSQplQcwejLHhTyezB42', 'ada@example.com', false, false, 'Ada');


--
-- Data for Name: migration; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.migration VALUES (1, '2026-11-25T04:48:35:307572', 'piccobase', '2026-11-26 02:43:49.563423');
INSERT INTO public.migration VALUES (2, '2026-11-25T23:20:00:000000', 'piccobase', '2026-11-26 02:43:49.563423');
INSERT INTO public.migration VALUES (3, '2026-11-25T23:30:00:000000', 'piccobase', '2026-11-26 02:43:49.563423');
INSERT INTO public.migration VALUES (4, '2026-11-25T23:31:00:000000', 'piccobase', '2026-11-26 02:43:49.563423');
INSERT INTO public.migration VALUES (5, '2026-11-25T23:40:00:000000', 'piccobase', '2026-11-26 02:43:49.563423');
INSERT INTO public.migration VALUES (6, '2026-11-26T01:55:00:000000', 'piccobase', '2026-11-26 02:43:49.563423');
INSERT INTO public.migration VALUES (7, '2026-11-26T02:10:00:000000', 'piccobase', '2026-11-26 02:43:49.563423');
INSERT INTO public.migration VALUES (8, '2026-11-26T02:11:00:000000', 'piccobase', '2026-11-26 02:43:49.563423');


--
-- Data for Name: shelves; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.shelves VALUES (1, 'top');
INSERT INTO public.shelves VALUES (2, 'middle');


--
-- Name: _changes_position_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public._changes_position_seq', 6, true);


--
-- Name: migration_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.migration_id_seq', 8, true);


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
-- Name: _changes _changes_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public._changes
    ADD CONSTRAINT _changes_pkey PRIMARY KEY ("position");


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
-- Name: _roles _roles_granted_once; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public._roles
    ADD CONSTRAINT _roles_granted_once UNIQUE (collection, record, role);


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
-- Name: _superusers _superusers_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public._superusers
    ADD CONSTRAINT _superusers_pkey PRIMARY KEY (id);


--
-- Name: _trash _trash_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public._trash
    ADD CONSTRAINT _trash_pkey PRIMARY KEY (id);


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
-- Name: _changes_in_order; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX _changes_in_order ON public._changes USING btree (tx, "position");


--
-- Name: _changes_of_collection; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX _changes_of_collection ON public._changes USING btree (collection, tx);


--
-- Name: _collections_name_key; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX _collections_name_key ON public._collections USING btree (name) WHERE ((name)::text <> ''::text);


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
-- Name: _superusers_email_key; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX _superusers_email_key ON public._superusers USING btree (email) WHERE ((email)::text <> ''::text);


--
-- Name: _superusers_tokenKey_key; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX "_superusers_tokenKey_key" ON public._superusers USING btree ("tokenKey") WHERE (("tokenKey")::text <> ''::text);


--
-- Name: books_pages; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX books_pages ON public.books USING btree (pages);


--
-- Name: members_tokenKey_key; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX "members_tokenKey_key" ON public.members USING btree ("tokenKey") WHERE (("tokenKey")::text <> ''::text);


--
-- Name: _superusers _note_change; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER _note_change AFTER INSERT OR DELETE OR UPDATE ON public._superusers FOR EACH ROW EXECUTE FUNCTION public._note_change('pbc_3142635823', 'id', '{"created":"created","email":"email","emailVisibility":"emailVisibility","id":"id","password":"password","tokenKey":"tokenKey","updated":"updated","verified":"verified"}', '{"created":"created","email":"email","emailVisibility":"emailVisibility","id":"id","updated":"updated","verified":"verified"}');


--
-- Name: books _note_change; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER _note_change AFTER INSERT OR DELETE OR UPDATE ON public.books FOR EACH ROW EXECUTE FUNCTION public._note_change('pbc_2170393721', 'id', '{"bought":"bought","created":"created","id":"id","lent":"lent","pages":"pages","price":"price","reader":"reader","remarks":"remarks","subjects":"subjects","title":"title","updated":"updated"}', '{"bought":"bought","created":"created","id":"id","lent":"lent","pages":"pages","price":"price","reader":"reader","remarks":"remarks","subjects":"subjects","title":"title","updated":"updated"}');


--
-- Name: members _note_change; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER _note_change AFTER INSERT OR DELETE OR UPDATE ON public.members FOR EACH ROW EXECUTE FUNCTION public._note_change('pbc_2620428958', 'id', '{"created":"created","email":"email","emailVisibility":"emailVisibility","id":"id","name":"name","password":"password","tokenKey":"tokenKey","updated":"updated","verified":"verified"}', '{"created":"created","email":"email","emailVisibility":"emailVisibility","id":"id","name":"name","updated":"updated","verified":"verified"}');


--
-- Name: shelves _note_change; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER _note_change AFTER INSERT OR DELETE OR UPDATE ON public.shelves FOR EACH ROW EXECUTE FUNCTION public._note_change('pbc_2495675413', 'id', '{"id":"id","label":"label"}', '{"id":"id","label":"label"}');


--
-- Name: _superusers _note_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER _note_truncate AFTER TRUNCATE ON public._superusers FOR EACH STATEMENT EXECUTE FUNCTION public._note_change('pbc_3142635823');


--
-- Name: books _note_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER _note_truncate AFTER TRUNCATE ON public.books FOR EACH STATEMENT EXECUTE FUNCTION public._note_change('pbc_2170393721');


--
-- Name: members _note_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER _note_truncate AFTER TRUNCATE ON public.members FOR EACH STATEMENT EXECUTE FUNCTION public._note_change('pbc_2620428958');


--
-- Name: shelves _note_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER _note_truncate AFTER TRUNCATE ON public.shelves FOR EACH STATEMENT EXECUTE FUNCTION public._note_change('pbc_2495675413');


--
-- Name: books books_reader_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.books
    ADD CONSTRAINT books_reader_fkey FOREIGN KEY (reader) REFERENCES public.members(id) ON UPDATE CASCADE ON DELETE SET NULL;


--
-- PostgreSQL database dump complete
--


