-- Contracts.
SELECT md5(concat_ws('|', system, coalesce(subscription_id, _row::VARCHAR))) AS event_id, source_name AS source, subscription_id AS source_id,
       coalesce(created_at_utc, started_on_utc) AS occurred_at, {received_at}::TIMESTAMP AS received_at, customer_key,
       coalesce(created_at, started_on) AS day, coalesce(subscription_id, 'row ' || _row) AS subscription_id, plan,
       CASE
           WHEN ended_on IS NULL AND regexp_matches(word, '^(trialing|trial|in.trial|probe|test|essai|en essai|prueba|prova|proef)') THEN 'trial'
           WHEN regexp_matches(word, '^(past.due|unpaid|incomplete$|dunning|uberfallig|impaye|en retard|moroso|insoluto|achterstallig)') THEN 'past_due'
           WHEN regexp_matches(word, '^(pause|pausiert|en pause|en pausa|in pausa|gepauzeerd|suspend|on.hold)') THEN 'paused'
           WHEN gone OR ended_on IS NOT NULL THEN 'cancelled'
           ELSE 'active'
       END AS status,
       coalesce(started_on, created_at) AS started_on, trial_ends_on,
       coalesce(ended_on, CASE WHEN gone THEN cancelled_at END) AS ended_on,
       CASE
           WHEN regexp_matches(period, 'quarter|quartal|viertelj|trimest|kwartaal') THEN '3 month'
           WHEN regexp_matches(period, 'half.?year|halbj|semest|halfjaar') THEN '6 month'
           ELSE coalesce(nullif(nullif(regexp_extract(period, '([0-9]+)', 1), ''), '1') || ' ', '') || CASE
               WHEN regexp_matches(period, 'year|annual|annuel|jahr|jaar|anno|anual|annuale|\bano?s?\b|\bans?\b') THEN 'year'
               WHEN regexp_matches(period, 'month|monat|mois|mensu|\bmes(es)?\b|mese|mesi|mensal|maand') THEN 'month'
               WHEN regexp_matches(period, 'week|woche|wochentlich|semaine|hebdo|seman|settiman') THEN 'week'
               WHEN regexp_matches(period, 'day|daily|tag|taglich|jour|dia|giorn|dag') THEN 'day'
               ELSE period
           END
       END AS interval,
       quantity, coalesce(amount, unit_price) AS amount, coalesce(currency, {currency}, 'unspecified') AS currency, cancellation_reason
FROM (
    SELECT *, strip_accents(lower(trim(status))) AS word, strip_accents(lower(trim(interval))) AS period,
           regexp_matches(strip_accents(lower(trim(status))),
               '^(cancel|incomplete.expired|ended|expired|terminated|closed|churned|gekundigt|gekuendigt|beendet|abgelaufen|resili|annul|termin|cancelad|scadut|disdett|opgezegd|beeindigd)') AS gone
    FROM {keyed}
) AS contract
WHERE problem IS NULL AND coalesce(created_at, started_on) IS NOT NULL
