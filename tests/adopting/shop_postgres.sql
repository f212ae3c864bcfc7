CREATE TYPE order_status AS ENUM ('new', 'paid', 'it''s shipped');
CREATE DOMAIN money_amount AS numeric(12,2) CHECK (VALUE >= 0);
CREATE SCHEMA sales;
CREATE TYPE sales."Odd Kind" AS ENUM ('a','b');
CREATE TABLE customers (
  customer_id bigserial PRIMARY KEY,
  email varchar(120) NOT NULL UNIQUE,
  "fullName" text NOT NULL,
  tags text[] NOT NULL DEFAULT '{}',
  scores integer[] DEFAULT '{1,2}',
  preferences jsonb NOT NULL DEFAULT '{}',
  raw json,
  referred_by bigint REFERENCES customers ON DELETE SET NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  birthday date,
  active boolean NOT NULL DEFAULT true,
  "count" integer NOT NULL DEFAULT 0,
  "class" char(2),
  ip inet,
  balance money_amount NOT NULL DEFAULT 0,
  CONSTRAINT customers_email_check CHECK (position('@' in email) > 1)
);
COMMENT ON TABLE customers IS 'People who "buy"';
COMMENT ON COLUMN customers.email IS 'where we write to';
CREATE INDEX ON customers ("fullName");
CREATE INDEX customers_lower ON customers (lower(email));
CREATE INDEX customers_tags ON customers USING gin (tags);
CREATE TABLE products (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  sku varchar(20) NOT NULL,
  name varchar(200) NOT NULL DEFAULT 'it''s new',
  price numeric(10,2) NOT NULL CHECK (price > 0),
  weight double precision,
  size real DEFAULT 1.5,
  stock smallint NOT NULL DEFAULT -1,
  picture bytea,
  deleted_at timestamp(0) without time zone,
  opens time,
  lasts interval DEFAULT '1 day 02:00:00',
  total numeric GENERATED ALWAYS AS (price * stock) STORED,
  CONSTRAINT sku_name UNIQUE (sku, name)
);
CREATE UNIQUE INDEX products_sku_live ON products (sku) WHERE deleted_at IS NULL;
CREATE TABLE orders (
  id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  customer_id bigint NOT NULL REFERENCES customers ON DELETE CASCADE ON UPDATE CASCADE,
  status order_status NOT NULL DEFAULT 'new',
  note text,
  placed timestamp without time zone NOT NULL DEFAULT CURRENT_TIMESTAMP
);
CREATE INDEX orders_by ON orders (customer_id, placed DESC);
CREATE TABLE order_items (
  order_id integer NOT NULL REFERENCES orders ON DELETE CASCADE,
  product_id uuid NOT NULL REFERENCES products,
  quantity integer NOT NULL DEFAULT 1,
  PRIMARY KEY (order_id, product_id)
);
CREATE TABLE notes_without_key (body text);
CREATE TABLE "Order Sheet" (id serial PRIMARY KEY, a int);
CREATE TABLE "a_table_with_a_name_of_sixty_characters_which_is_really_long_1" (
  "a_column_with_a_name_of_sixty_characters_which_is_rather_long_1" serial PRIMARY KEY,
  "from" varchar(10) NOT NULL,
  "weird name" int,
  "Mixed" bigint UNIQUE
);
CREATE TABLE sales.regions (id serial PRIMARY KEY, name varchar(50) NOT NULL, kind sales."Odd Kind", parent int REFERENCES sales.regions);
CREATE VIEW open_orders AS SELECT * FROM orders WHERE status = 'new';
INSERT INTO customers (email, "fullName", tags, preferences, referred_by) VALUES ('ada@example.com', 'Ada', '{math,"a b"}', '{"a": [1, null]}', NULL), ('bob@example.com', 'Bob', '{}', '{}', 1);
INSERT INTO products (id, sku, price, picture, deleted_at) VALUES ('11111111-1111-4111-8111-111111111111', 'A1', 9.99, '\x00ff', NULL), ('22222222-2222-4222-8222-222222222222','A2', 100, NULL, '2024-01-01 10:00:00');
INSERT INTO orders (customer_id, status) VALUES (1, 'paid'), (2, 'it''s shipped');
INSERT INTO order_items VALUES (1, '11111111-1111-4111-8111-111111111111', 3);
