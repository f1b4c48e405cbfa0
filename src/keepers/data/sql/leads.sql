-- Leads and deals; those without a date of their own are dated the day they were read.
SELECT md5(concat_ws('|', system, lead_id, _row)) AS event_id, source_name AS source, lead_id AS source_id,
       coalesce(created_at_utc, {received_at}::TIMESTAMP) AS occurred_at, {received_at}::TIMESTAMP AS received_at,
       customer_key, coalesce(created_at, {received_at}::DATE) AS day,
       coalesce(lead_id, 'row ' || _row) AS lead_id, channel, campaign, status, stage, owner, company, country, amount,
       coalesce(currency, {currency}, 'unspecified') AS currency, {won} AS won, closed_on
FROM {keyed}
