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

SET default_tablespace = '';

SET default_table_access_method = heap;

--
-- Name: _collections; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public._collections (
    id character varying(255) DEFAULT ''::character varying NOT NULL,
    name character varying(255) DEFAULT ''::character varying NOT NULL,
    kind character varying(10) DEFAULT ''::character varying NOT NULL,
    auth_rule text DEFAULT ''::text NOT NULL
);


--
-- Name: _roles; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public._roles (
    id character varying(255) DEFAULT ''::character varying NOT NULL,
    collection character varying(255) DEFAULT ''::character varying NOT NULL,
    record character varying(255) DEFAULT ''::character varying NOT NULL,
    role character varying(255) DEFAULT ''::character varying NOT NULL
);


--
-- Name: _secrets; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public._secrets (
    name character varying(255) DEFAULT ''::character varying NOT NULL,
    value text DEFAULT ''::text NOT NULL
);


--
-- Name: _superusers; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public._superusers (
    id character varying(255) DEFAULT ''::character varying NOT NULL,
    created timestamp with time zone DEFAULT date_trunc('milliseconds'::text, CURRENT_TIMESTAMP) NOT NULL,
    updated timestamp with time zone DEFAULT date_trunc('milliseconds'::text, CURRENT_TIMESTAMP) NOT NULL,
    password character varying(255) DEFAULT ''::character varying NOT NULL,
    "tokenKey" character varying(60) DEFAULT ''::character varying NOT NULL,
    email character varying(255) DEFAULT ''::character varying NOT NULL,
    "emailVisibility" boolean DEFAULT false NOT NULL,
    verified boolean DEFAULT false NOT NULL
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
    name character varying(200) DEFAULT ''::character varying NOT NULL,
    app_name character varying(200) DEFAULT ''::character varying NOT NULL,
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
-- Data for Name: _collections; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public._collections VALUES ('pbc_3142635823', '_superusers', 'auth', '');
INSERT INTO public._collections VALUES ('pbc_2620428958', 'members', 'auth', '');
INSERT INTO public._collections VALUES ('pbc_2170393721', 'books', 'base', '');
INSERT INTO public._collections VALUES ('pbc_2495675413', 'shelves', 'base', '');


--
-- Data for Name: _roles; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public._roles VALUES ('ja1bvvj9t1niftd', 'pbc_2620428958', 'wsrfbfitjh1zem1', 'librarian');


--
-- Data for Name: _secrets; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public._secrets VALUES ('token.pbc_3142635823.auth', 'eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIiwia2lkIjoidG9rZW4ucGJjXzMxNDI2MzU4MjMuYXV0aCJ9..4zZ7Hf1mXN9278T4.MjroVaKtUQF5Qew7BB3fjKs2L64gKoigIK2oEjxOr_y2kncUiP2ZV_BztC-jguZWIzE.MPOuc1W7EG8jgCk9WMWtPg');
INSERT INTO public._secrets VALUES ('token.pbc_2620428958.auth', 'eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIiwia2lkIjoidG9rZW4ucGJjXzI2MjA0Mjg5NTguYXV0aCJ9..p4m0kc3JGcb0mz-1.4vRdmJvnvNARB1bd_vQLcv_haBx_Ac1ETdK-4W_6b21cfHVDNrCPMdHhyOZHydPUfZ8.PpP62OWZlXZp0oUvL7Pvug');


--
-- Data for Name: _superusers; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public._superusers VALUES ('dirad1vyw1rf9bv', '2026-11-26 01:37:53.612+00', '2026-11-26 01:37:53.612+00', '$argon2id$v=19$m=19456,t=2,p=1$k0dOoo81f02hiUjf47TAUw$XsT5y1R+xL5P6Z81sOjGYoCuR+GoIgkxKJlv2LjUsjc', 'BeGVgd5uxx1GkUPZzyHxqbENEX2GOJVIlpjjt7IVQOgmSzSaEO', 'root@example.com', false, true);


--
-- Data for Name: books; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.books VALUES ('ahlbthxdt50vmxt', '2026-11-26 01:37:54.394+00', '2026-11-26 01:37:54.394+00', 'It''s “quoted”; ünïcödé ☕', 412, 1234567.8901, '2024-02-29', true, 'two
lines', '["history", "science"]', 'wsrfbfitjh1zem1');
INSERT INTO public.books VALUES ('2tjhdike4gft8s8', '2026-11-26 01:37:54.396+00', '2026-11-26 01:37:54.396+00', 'Nothing but a title', 0, 0.0000, NULL, false, '', '[]', NULL);


--
-- Data for Name: members; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.members VALUES ('wsrfbfitjh1zem1', '2026-11-26 01:37:54.364+00', '2026-11-26 01:37:54.364+00', '$argon2id$v=19$m=19456,t=2,p=1$Uyj/iTW/pRiI88jYnb5KaA$ayxHywv2OQivTSRVAEwQS+on9KiyxsLQCJD4RnM4qCk', 'ldKJJSyNZavFH1IRnvhPK2AhKl1bNrXJIVoK4O0VSsYqGsppMh', 'ada@example.com', false, false, 'Ada');


--
-- Data for Name: migration; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.migration VALUES (1, '2026-11-25T04:48:35:307572', 'piccobase', '2026-11-26 01:37:52.743976');


--
-- Data for Name: shelves; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.shelves VALUES (1, 'top');
INSERT INTO public.shelves VALUES (2, 'middle');


--
-- Name: migration_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.migration_id_seq', 1, true);


--
-- Name: shelves_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.shelves_id_seq', 2, true);


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
-- Name: _roles _roles_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public._roles
    ADD CONSTRAINT _roles_pkey PRIMARY KEY (id);


--
-- Name: _secrets _secrets_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public._secrets
    ADD CONSTRAINT _secrets_pkey PRIMARY KEY (name);


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


