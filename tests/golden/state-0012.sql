BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0012');
CREATE TABLE alert_events (
	id INTEGER NOT NULL, 
	alert_id INTEGER NOT NULL, 
	at DATETIME NOT NULL, 
	event VARCHAR(20) NOT NULL, 
	note TEXT NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY(alert_id) REFERENCES alerts (id) ON DELETE CASCADE
);
INSERT INTO "alert_events" VALUES(1,1,'2026-03-01 12:30:15.000000','raised','overdue since May');
INSERT INTO "alert_events" VALUES(2,2,'2026-03-01 12:30:15.000000','raised','falling engagement since May');
INSERT INTO "alert_events" VALUES(3,2,'2026-03-01 13:30:15.000000','done','called; will order in May');
CREATE TABLE alerts (
	id INTEGER NOT NULL, 
	customer_key TEXT NOT NULL, 
	cause VARCHAR(40) NOT NULL, 
	kind VARCHAR(20) NOT NULL, 
	status VARCHAR(20) NOT NULL, 
	raised_at DATETIME NOT NULL, 
	raised_on DATE NOT NULL, 
	run_id INTEGER, 
	churn_probability FLOAT NOT NULL, 
	usual_probability FLOAT NOT NULL, 
	horizon_days FLOAT NOT NULL, 
	expected_loss FLOAT, 
	currency VARCHAR(20), 
	reason TEXT NOT NULL, 
	action TEXT NOT NULL, 
	owner VARCHAR(200) NOT NULL, 
	due_on DATE NOT NULL, 
	closed_at DATETIME, 
	outcome TEXT, 
	PRIMARY KEY (id), 
	CONSTRAINT alert_status CHECK (status IN ('open', 'done', 'dismissed', 'lapsed')), 
	FOREIGN KEY(run_id) REFERENCES runs (id) ON DELETE SET NULL
);
INSERT INTO "alerts" VALUES(1,'C1','overdue','customer','open','2026-03-01 12:30:15.000000','2026-02-28',1,0.8,0.3,90.0,50.0,'EUR','overdue since May','Call them','Ada','2026-03-07',NULL,NULL);
INSERT INTO "alerts" VALUES(2,'C2','falling engagement','customer','done','2026-03-01 12:30:15.000000','2026-02-28',1,0.8,0.3,90.0,NULL,'EUR','falling engagement since May','Call them','Ada','2026-03-07','2026-03-01 13:30:15.000000','called; will order in May');
CREATE TABLE api_tokens (
	id INTEGER NOT NULL, 
	name VARCHAR(200) NOT NULL, 
	token_hash VARCHAR(64) NOT NULL, 
	scopes JSON NOT NULL, 
	made_by VARCHAR(320) NOT NULL, 
	created_at DATETIME NOT NULL, 
	expires_at DATETIME, 
	revoked_at DATETIME, 
	PRIMARY KEY (id), 
	UNIQUE (token_hash)
);
INSERT INTO "api_tokens" VALUES(1,'shop','tttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttt','["ingest"]','ada@example.com','2026-03-02 08:00:00.000000',NULL,NULL);
CREATE TABLE audit_log (
	id INTEGER NOT NULL, 
	at DATETIME NOT NULL, 
	actor VARCHAR(320) NOT NULL, 
	action VARCHAR(100) NOT NULL, 
	subject TEXT NOT NULL, 
	detail JSON NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "audit_log" VALUES(1,'2026-03-02 08:00:00.000000','ada@example.com','signed in','127.0.0.1','{"a": 1}');
CREATE TABLE decision_answers (
	id INTEGER NOT NULL, 
	"key" VARCHAR(200) NOT NULL, 
	kind VARCHAR(40) NOT NULL, 
	title TEXT NOT NULL, 
	answer VARCHAR(20) NOT NULL, 
	why TEXT NOT NULL, 
	answered_by VARCHAR(320) NOT NULL, 
	answered_at DATETIME NOT NULL, 
	holds_until DATE NOT NULL, 
	money FLOAT, 
	currency VARCHAR(20) NOT NULL, 
	evidence VARCHAR(20) NOT NULL, 
	decision_ids JSON NOT NULL, 
	PRIMARY KEY (id), 
	CONSTRAINT decision_answer CHECK (answer IN ('accepted', 'dismissed'))
);
INSERT INTO "decision_answers" VALUES(1,'budget','budget','Move money','accepted','worth a try','ada@example.com','2026-03-02 08:00:00.000000','2026-03-28',120.0,'EUR','adjusted','["budget:2026-03-01:google"]');
INSERT INTO "decision_answers" VALUES(2,'leads','leads','Call 5 leads','accepted','yes','ada@example.com','2026-03-02 08:00:00.000000','2026-03-07',NULL,'','predictive','[]');
INSERT INTO "decision_answers" VALUES(3,'budget','budget','Move money','dismissed','no cash','ben@example.com','2026-03-02 08:00:00.000000','2026-03-28',120.0,'EUR','adjusted','[]');
CREATE TABLE decision_customers (
	decision_id VARCHAR(200) NOT NULL, 
	customer_key TEXT NOT NULL, 
	position INTEGER NOT NULL, 
	held_out BOOLEAN NOT NULL, 
	PRIMARY KEY (decision_id, customer_key), 
	FOREIGN KEY(decision_id) REFERENCES decisions (decision_id) ON DELETE CASCADE
);
INSERT INTO "decision_customers" VALUES('winback-2026-02','c',0,0);
INSERT INTO "decision_customers" VALUES('winback-2026-02','a',1,0);
INSERT INTO "decision_customers" VALUES('winback-2026-02','b',0,1);
CREATE TABLE decisions (
	decision_id VARCHAR(200) NOT NULL, 
	decided_at DATETIME NOT NULL, 
	action_key VARCHAR(200) NOT NULL, 
	action_label TEXT NOT NULL, 
	action_cost FLOAT NOT NULL, 
	rule TEXT NOT NULL, 
	expected_gain FLOAT NOT NULL, 
	expected_gain_low FLOAT NOT NULL, 
	expected_gain_high FLOAT NOT NULL, 
	currency VARCHAR(20) NOT NULL, 
	evidence VARCHAR(20) NOT NULL, 
	reasons JSON NOT NULL, 
	PRIMARY KEY (decision_id)
);
INSERT INTO "decisions" VALUES('winback-2026-02','2026-03-01 12:30:15.000000','postcard','Send a postcard',0.75,'at risk, worth more than 100',120.5,-10.0,260.0,'EUR','experimental','["the last one earned 3 a customer"]');
CREATE TABLE done_once (
	who VARCHAR(320) NOT NULL, 
	"key" VARCHAR(64) NOT NULL, 
	said JSON NOT NULL, 
	at DATETIME NOT NULL, 
	PRIMARY KEY (who, "key")
);
INSERT INTO "done_once" VALUES('ada@example.com','0057d65ac5cd7993bbdb0a5c9cdef37071ca5cca0181e823136a094157179dc0','{"number": 7}','2026-03-02 08:00:00.000000');
CREATE TABLE generations (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	folder TEXT NOT NULL, 
	as_of DATE NOT NULL, 
	made_at DATETIME NOT NULL, 
	customers INTEGER NOT NULL, 
	settings JSON NOT NULL, 
	status VARCHAR(20) NOT NULL, 
	base_event INTEGER NOT NULL, 
	applied_event INTEGER NOT NULL, bands JSON, 
	CONSTRAINT generation_status CHECK (status IN ('filling', 'current', 'retired'))
);
INSERT INTO "generations" VALUES(1,'/shop/result','2026-02-28','2026-03-02 08:00:00.000000',3,'{"currency": "EUR"}','current',1,1,NULL);
CREATE TABLE jobs (
	id INTEGER NOT NULL, 
	kind VARCHAR(40) NOT NULL, 
	status VARCHAR(20) NOT NULL, 
	asked_by VARCHAR(320) NOT NULL, 
	asked_at DATETIME NOT NULL, 
	started_at DATETIME, 
	ended_at DATETIME, 
	step TEXT NOT NULL, 
	said TEXT NOT NULL, why TEXT DEFAULT '' NOT NULL, due_at DATETIME, worker VARCHAR(200), alive_at DATETIME, attempts INTEGER DEFAULT '0' NOT NULL, 
	PRIMARY KEY (id), 
	CONSTRAINT job_status CHECK (status IN ('waiting', 'running', 'done', 'failed'))
);
INSERT INTO "jobs" VALUES(1,'run','waiting','ada@example.com','2026-03-02 08:00:00.000000',NULL,NULL,'','','',NULL,NULL,NULL,0);
CREATE TABLE letters (
	id INTEGER NOT NULL, 
	due_at DATETIME NOT NULL, 
	made_at DATETIME NOT NULL, 
	run_id INTEGER, 
	as_of DATE NOT NULL, 
	subject TEXT NOT NULL, 
	plain TEXT NOT NULL, 
	html TEXT NOT NULL, 
	recipients JSON NOT NULL, 
	message_id VARCHAR(255) NOT NULL, 
	status VARCHAR(20) NOT NULL, 
	attempts INTEGER NOT NULL, 
	next_at DATETIME, 
	sent_at DATETIME, 
	said TEXT NOT NULL, 
	PRIMARY KEY (id), 
	CONSTRAINT letter_status CHECK (status IN ('waiting', 'sending', 'sent', 'unclear', 'failed')), 
	FOREIGN KEY(run_id) REFERENCES runs (id) ON DELETE SET NULL, 
	UNIQUE (due_at)
);
INSERT INTO "letters" VALUES(1,'2026-03-01 12:30:15.000000','2026-03-01 12:30:15.000000',NULL,'2026-02-28','A subject','plain','<p>html</p>','["ada@example.com"]','<1@keepers>','waiting',0,NULL,NULL,'');
CREATE TABLE live_cells (
	generation INTEGER NOT NULL, 
	tier TEXT NOT NULL, 
	rfm_group TEXT NOT NULL, 
	segment TEXT NOT NULL, 
	state TEXT NOT NULL, 
	channel TEXT NOT NULL, 
	country TEXT NOT NULL, 
	orders_band SMALLINT NOT NULL, 
	last_day_band SMALLINT NOT NULL, 
	probability_alive_band SMALLINT NOT NULL, 
	value_band SMALLINT NOT NULL, 
	value_also_band SMALLINT NOT NULL, 
	value_lifetime_band SMALLINT NOT NULL, 
	value_infinite_band SMALLINT NOT NULL, 
	priced SMALLINT NOT NULL, 
	customers INTEGER NOT NULL, 
	revenue FLOAT NOT NULL, 
	probability_alive FLOAT NOT NULL, 
	value FLOAT NOT NULL, 
	value_also FLOAT NOT NULL, 
	value_lifetime FLOAT NOT NULL, 
	value_infinite FLOAT NOT NULL, 
	at_risk FLOAT NOT NULL, 
	at_risk_also FLOAT NOT NULL, 
	at_risk_lifetime FLOAT NOT NULL, 
	at_risk_infinite FLOAT NOT NULL, 
	PRIMARY KEY (generation, tier, rfm_group, segment, state, channel, country, orders_band, last_day_band, probability_alive_band, value_band, value_also_band, value_lifetime_band, value_infinite_band, priced), 
	FOREIGN KEY(generation) REFERENCES generations (id) ON DELETE CASCADE
)
 WITHOUT ROWID

;
CREATE TABLE live_customers (
	generation INTEGER NOT NULL, 
	customer_key TEXT NOT NULL, 
	first_day DATE NOT NULL, 
	last_day DATE NOT NULL, 
	orders INTEGER NOT NULL, 
	revenue FLOAT, 
	frequency INTEGER NOT NULL, 
	monetary_value FLOAT, 
	monetary_value_all FLOAT, 
	probability_alive FLOAT, 
	expected_orders FLOAT, 
	value FLOAT, 
	value_low FLOAT, 
	value_high FLOAT, 
	money_at_risk FLOAT, 
	state VARCHAR(20), 
	tier VARCHAR(40), 
	rfm_group VARCHAR(60), 
	segment VARCHAR(80), 
	channel TEXT, 
	country TEXT, 
	updated_at DATETIME NOT NULL, 
	by_event BOOLEAN NOT NULL, 
	base TEXT, 
	fields TEXT NOT NULL, value_also FLOAT, value_lifetime FLOAT, value_infinite FLOAT, value_learned FLOAT, 
	PRIMARY KEY (generation, customer_key), 
	FOREIGN KEY(generation) REFERENCES generations (id) ON DELETE CASCADE
);
INSERT INTO "live_customers" VALUES(1,'C1','2025-12-01','2026-02-01',3,75.0,2,30.0,25.0,0.8,3.0,90.0,0.0,200.0,NULL,NULL,'Gold',NULL,NULL,NULL,NULL,'2026-03-02 08:00:00.000000',0,'{"first_day": "2025-12-01", "last_day": "2026-02-01", "frequency": 2, "monetary_value": 30.0, "monetary_value_all": 25.0, "orders": 3, "revenue": 75.0}','{"note": "x"}',NULL,NULL,NULL,NULL);
INSERT INTO "live_customers" VALUES(1,'C2','2025-12-01','2026-02-01',3,75.0,2,30.0,25.0,0.8,3.0,10.0,0.0,200.0,NULL,NULL,'Bronze',NULL,NULL,NULL,NULL,'2026-03-02 08:00:00.000000',0,'{"first_day": "2025-12-01", "last_day": "2026-02-01", "frequency": 2, "monetary_value": 30.0, "monetary_value_all": 25.0, "orders": 3, "revenue": 75.0}','{"note": "x"}',NULL,NULL,NULL,NULL);
INSERT INTO "live_customers" VALUES(1,'C_3','2025-12-01','2026-02-01',3,75.0,2,30.0,25.0,0.8,3.0,NULL,0.0,200.0,NULL,NULL,'Bronze',NULL,NULL,NULL,NULL,'2026-03-02 08:00:00.000000',0,'{"first_day": "2025-12-01", "last_day": "2026-02-01", "frequency": 2, "monetary_value": 30.0, "monetary_value_all": 25.0, "orders": 3, "revenue": 75.0}','{"note": "x"}',NULL,NULL,NULL,NULL);
CREATE TABLE live_identities (
	known_as VARCHAR(400) NOT NULL, 
	customer_key TEXT NOT NULL, 
	PRIMARY KEY (known_as)
);
INSERT INTO "live_identities" VALUES('17','C1');
INSERT INTO "live_identities" VALUES('18','C2');
INSERT INTO "live_identities" VALUES('19','C1');
CREATE TABLE live_orders (
	order_id TEXT NOT NULL, 
	customer_key TEXT NOT NULL, 
	day DATE, 
	amount FLOAT, 
	refunded FLOAT NOT NULL, 
	cancelled BOOLEAN NOT NULL, 
	event_id INTEGER NOT NULL, 
	PRIMARY KEY (order_id)
);
INSERT INTO "live_orders" VALUES('O1','C1','2026-03-01',20.0,0.0,0,2);
CREATE TABLE live_persons (
	customer_key TEXT NOT NULL, 
	name TEXT, 
	email TEXT, searched TEXT DEFAULT '' NOT NULL, 
	PRIMARY KEY (customer_key)
);
INSERT INTO "live_persons" VALUES('C1','Ada 100%','ada@y.example','ada 100%
ada@y.example');
CREATE TABLE outcomes (
	id INTEGER NOT NULL, 
	decision_id VARCHAR(200) NOT NULL, 
	observed_at DATETIME NOT NULL, 
	until DATE NOT NULL, 
	gain FLOAT NOT NULL, 
	gain_low FLOAT, 
	gain_high FLOAT, 
	treated INTEGER NOT NULL, 
	held_out INTEGER NOT NULL, 
	note TEXT NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY(decision_id) REFERENCES decisions (decision_id) ON DELETE CASCADE
);
INSERT INTO "outcomes" VALUES(1,'winback-2026-02','2026-03-01 12:30:15.000000','2026-02-28',80.0,20.0,140.0,2,1,'first look');
CREATE TABLE published_scores (
	id INTEGER NOT NULL, 
	run_id INTEGER NOT NULL, 
	kind VARCHAR(20) NOT NULL, 
	scored_at DATETIME NOT NULL, 
	as_of DATE NOT NULL, 
	model_version VARCHAR(200) NOT NULL, 
	horizon_days FLOAT NOT NULL, 
	churn_horizon_days FLOAT NOT NULL, 
	basis VARCHAR(40), 
	currency VARCHAR(20), 
	rows INTEGER NOT NULL, 
	snapshot TEXT NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY(run_id) REFERENCES runs (id) ON DELETE CASCADE
);
INSERT INTO "published_scores" VALUES(1,1,'customers','2026-03-01 12:30:15.000000','2026-02-28','bg_nbd+GammaGamma',365.25,90.0,'net revenue','EUR',3,'customers-golden.parquet');
CREATE TABLE received_events (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	message_id VARCHAR(255) NOT NULL, 
	received_at DATETIME NOT NULL, 
	kind VARCHAR(20) NOT NULL, 
	body TEXT NOT NULL, 
	UNIQUE (message_id)
);
INSERT INTO "received_events" VALUES(1,'m1','2026-03-02 08:00:00.000000','track','{"event":"Order Completed"}');
INSERT INTO "received_events" VALUES(2,'m2','2026-03-02 08:00:00.000000','page','{}');
INSERT INTO "received_events" VALUES(4,'m3','2026-03-02 08:00:00.000000','page','{}');
CREATE TABLE runs (
	id INTEGER NOT NULL, 
	made_at DATETIME NOT NULL, 
	as_of DATE NOT NULL, 
	version VARCHAR(40) NOT NULL, 
	folder TEXT NOT NULL, 
	customers INTEGER NOT NULL, figures JSON, 
	PRIMARY KEY (id)
);
INSERT INTO "runs" VALUES(1,'2026-03-01 12:30:15.000000','2026-02-28','0.1.0','/shop/.keepers/result',3,NULL);
INSERT INTO "runs" VALUES(2,'2026-03-01 12:30:15.000000','2026-02-28','0.1.0','/shop/.keepers/result',3,'{"customers": 3}');
CREATE TABLE saved_views (
	id INTEGER NOT NULL, 
	owner VARCHAR(320) NOT NULL, 
	name VARCHAR(200) NOT NULL, 
	page VARCHAR(100) NOT NULL, 
	"query" TEXT NOT NULL, 
	shared BOOLEAN NOT NULL, 
	made_at DATETIME NOT NULL, 
	PRIMARY KEY (id), 
	CONSTRAINT one_view_of_a_name UNIQUE (owner, name)
);
INSERT INTO "saved_views" VALUES(1,'ada@example.com','Big ones','/customers','tier=Platinum',1,'2026-03-02 08:00:00.000000');
INSERT INTO "saved_views" VALUES(2,'ben@example.com','Mine','/leads','',0,'2026-03-02 08:00:00.000000');
CREATE TABLE segment_moves (
	division VARCHAR(40) NOT NULL, 
	until DATE NOT NULL, 
	since DATE NOT NULL, 
	from_segment VARCHAR(100) NOT NULL, 
	to_segment VARCHAR(100) NOT NULL, 
	customers INTEGER NOT NULL, 
	value FLOAT, 
	PRIMARY KEY (division, until, from_segment, to_segment)
);
INSERT INTO "segment_moves" VALUES('rfm','2026-02-28','2026-01-28','','New',12,340.5);
INSERT INTO "segment_moves" VALUES('rfm','2026-02-28','2026-01-28','Loyal','At risk',3,NULL);
INSERT INTO "segment_moves" VALUES('rfm','2026-02-28','2026-01-28','At risk','',1,0.0);
CREATE TABLE segment_thresholds (
	division VARCHAR(40) NOT NULL, 
	frozen_on DATE NOT NULL, 
	rule JSON NOT NULL, 
	PRIMARY KEY (division, frozen_on)
);
INSERT INTO "segment_thresholds" VALUES('rfm:quintiles','2026-02-28','{"recency": [10, 20.5], "frozen_on": "2026-02-28"}');
CREATE TABLE user_sessions (
	token_hash VARCHAR(64) NOT NULL, 
	user_id INTEGER NOT NULL, 
	created_at DATETIME NOT NULL, 
	expires_at DATETIME NOT NULL, 
	PRIMARY KEY (token_hash), 
	FOREIGN KEY(user_id) REFERENCES users (id) ON DELETE CASCADE
);
INSERT INTO "user_sessions" VALUES('ssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssss',1,'2026-03-02 08:00:00.000000','2026-03-09 08:00:00.000000');
CREATE TABLE users (
	id INTEGER NOT NULL, 
	email VARCHAR(320) NOT NULL, 
	password_hash TEXT NOT NULL, 
	role VARCHAR(20) NOT NULL, 
	created_at DATETIME NOT NULL, 
	disabled_at DATETIME, 
	PRIMARY KEY (id), 
	CONSTRAINT user_role CHECK (role IN ('owner', 'analyst', 'viewer')), 
	UNIQUE (email)
);
INSERT INTO "users" VALUES(1,'ada@example.com','a hash','owner','2026-03-02 08:00:00.000000',NULL);
CREATE INDEX ix_published_scores_run_id ON published_scores (run_id);
CREATE UNIQUE INDEX one_open_alert ON alerts (customer_key, cause) WHERE status = 'open';
CREATE INDEX alerts_by_status ON alerts (status, due_on);
CREATE INDEX ix_alert_events_alert_id ON alert_events (alert_id);
CREATE INDEX ix_outcomes_decision_id ON outcomes (decision_id);
CREATE INDEX ix_audit_log_at ON audit_log (at);
CREATE UNIQUE INDEX one_current_generation ON generations (status) WHERE status = 'current';
CREATE INDEX ix_live_identities_customer_key ON live_identities (customer_key);
CREATE INDEX ix_live_orders_customer_key ON live_orders (customer_key);
CREATE INDEX ix_user_sessions_user_id ON user_sessions (user_id);
CREATE INDEX decision_answers_by_key ON decision_answers ("key", id);
CREATE UNIQUE INDEX one_job_of_a_moment ON jobs (kind, due_at);
CREATE INDEX live_customers_1_by_value ON live_customers (value DESC, customer_key) WHERE generation = 1;
CREATE INDEX live_customers_1_by_last_day ON live_customers (last_day DESC, customer_key) WHERE generation = 1;
CREATE INDEX live_customers_1_by_money_at_risk ON live_customers (money_at_risk DESC, customer_key) WHERE generation = 1;
CREATE INDEX live_customers_1_by_revenue ON live_customers (revenue DESC, customer_key) WHERE generation = 1;
CREATE INDEX live_customers_1_by_orders ON live_customers (orders DESC, customer_key) WHERE generation = 1;
CREATE INDEX live_customers_1_by_updated_at ON live_customers (updated_at DESC, customer_key) WHERE generation = 1;
CREATE INDEX live_customers_1_by_value_also ON live_customers (value_also DESC, customer_key) WHERE generation = 1;
CREATE INDEX live_customers_1_by_value_lifetime ON live_customers (value_lifetime DESC, customer_key) WHERE generation = 1;
CREATE INDEX live_customers_1_by_value_infinite ON live_customers (value_infinite DESC, customer_key) WHERE generation = 1;
CREATE INDEX live_customers_1_by_event ON live_customers (by_event, updated_at) WHERE generation = 1;
CREATE INDEX live_customers_1_in_sum ON live_customers (tier, rfm_group, segment, state, channel, country, first_day, last_day, orders, probability_alive, expected_orders, value, money_at_risk, revenue, by_event, value_also, value_lifetime, value_infinite, customer_key) WHERE generation = 1;
CREATE INDEX live_customers_1_by_key ON live_customers (customer_key, value, money_at_risk, revenue, value_also, value_lifetime, value_infinite) WHERE generation = 1;
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('received_events',4);
INSERT INTO "sqlite_sequence" VALUES('generations',1);
COMMIT;
