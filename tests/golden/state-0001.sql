BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0001');
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
CREATE TABLE runs (
	id INTEGER NOT NULL, 
	made_at DATETIME NOT NULL, 
	as_of DATE NOT NULL, 
	version VARCHAR(40) NOT NULL, 
	folder TEXT NOT NULL, 
	customers INTEGER NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "runs" VALUES(1,'2026-03-01 12:30:15.000000','2026-02-28','0.1.0','/shop/.keepers/result',3);
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
CREATE INDEX ix_published_scores_run_id ON published_scores (run_id);
CREATE UNIQUE INDEX one_open_alert ON alerts (customer_key, cause) WHERE status = 'open';
CREATE INDEX alerts_by_status ON alerts (status, due_on);
CREATE INDEX ix_alert_events_alert_id ON alert_events (alert_id);
CREATE INDEX ix_outcomes_decision_id ON outcomes (decision_id);
COMMIT;
