PRAGMA foreign_keys=on;
CREATE TABLE customers (
  customer_id INTEGER PRIMARY KEY AUTOINCREMENT,
  email VARCHAR(120) NOT NULL UNIQUE,
  "fullName" nvarchar(80) NOT NULL,
  active BOOLEAN NOT NULL DEFAULT 1,
  vip BOOL DEFAULT 'f',
  balance DECIMAL(12,2) NOT NULL DEFAULT 0,
  created_at DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
  birthday DATE,
  seen INTEGER,
  seen_at TIMESTAMP,
  opens TIME,
  prefs JSON,
  "count" INT NOT NULL DEFAULT 0,
  rating REAL DEFAULT 1.5,
  big BIGINT,
  anything,
  picture BLOB,
  mixed NUMERIC,
  referred_by INT REFERENCES Customers ON DELETE SET NULL,
  CONSTRAINT email_has_at CHECK (email LIKE '%@%'),
  CHECK (balance >= 0)
);
CREATE INDEX customers_name ON customers ("fullName");
CREATE INDEX customers_lower ON customers (lower(email));
CREATE TABLE [products] (
  id TEXT PRIMARY KEY,
  sku VARCHAR(20) NOT NULL,
  name TEXT DEFAULT 'it''s',
  price NUMERIC NOT NULL CHECK (price > 0),
  stock SMALLINT DEFAULT -1,
  deleted_at DATETIME,
  total AS (price * stock) STORED,
  UNIQUE (sku, name)
);
CREATE UNIQUE INDEX products_live ON products (sku) WHERE deleted_at IS NULL;
CREATE TABLE orders (
  id INTEGER PRIMARY KEY,
  customer_id INTEGER NOT NULL REFERENCES customers (customer_id) ON DELETE CASCADE,
  status VARCHAR(10) CHECK (status IN ('new', 'paid')) DEFAULT 'new',
  placed TIMESTAMP DEFAULT (datetime('now'))
);
CREATE TABLE order_items (order_id INTEGER REFERENCES orders, product_id TEXT REFERENCES products, quantity INT DEFAULT 1, PRIMARY KEY (order_id, product_id));
CREATE TABLE keyless (body);
CREATE TABLE "odd name" (id INTEGER PRIMARY KEY);
CREATE TABLE tags (name TEXT PRIMARY KEY, note STRING) WITHOUT ROWID;
CREATE TABLE strict_ones (id INTEGER PRIMARY KEY, a TEXT NOT NULL, b REAL, c ANY) STRICT;
CREATE VIEW open_orders AS SELECT * FROM orders WHERE status = 'new';
CREATE TRIGGER touch AFTER UPDATE ON orders BEGIN UPDATE customers SET "count" = "count" + 1 WHERE customer_id = new.customer_id; END;
CREATE VIRTUAL TABLE search USING fts5(body);
INSERT INTO customers (email, "fullName", vip, balance, created_at, birthday, seen, seen_at, opens, prefs, big, anything, picture, mixed, referred_by) VALUES
 ('ada@example.com','Ada','t', 9.99, '2024-01-01 10:00:00','1990-05-06', 5, 1700000000, '08:30', '{"a": [1, null]}', 5000000000, 'x', x'00ff', 'abc', NULL),
 ('bob@example.com','Bob','f', 1234567890.12, '2024-01-01T10:00:00.123456', NULL, NULL, NULL, NULL, '5', NULL, NULL, NULL, 7, 1);
INSERT INTO products (id, sku, price) VALUES ('p1','A1', 9.99), ('p2','A2', 100);
INSERT INTO orders (customer_id, status) VALUES (1,'paid'), (2,'new');
INSERT INTO order_items VALUES (1,'p1',3);
INSERT INTO tags VALUES ('a', 'note'), ('b', 12);
INSERT INTO strict_ones VALUES (1, 'x', 1.5, 'y');
