-- Business customers.
SELECT account_id, any_value(company) AS name, any_value(lower(regexp_replace(domain, '^(https?://)?(www[.])?([^/]+).*$', '\3'))) AS domain,
       any_value(industry) AS industry, any_value(country) AS country, min(created_at_utc) AS created_at
FROM {stage}
WHERE account_id IS NOT NULL
GROUP BY account_id
