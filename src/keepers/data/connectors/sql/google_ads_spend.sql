-- Google Ads' report of campaigns by day; money comes in millionths.
SELECT (doc->>'$.segments.date') AS "Day",
       (doc->>'$.campaign.name') AS "Campaign",
       (doc->>'$.customer.currencyCode') AS "Currency code",
       (coalesce(doc->>'$.metrics.costMicros', '0')::BIGINT / 1000000)::DECIMAL(18, 4)::VARCHAR AS "Cost",
       coalesce(doc->>'$.metrics.impressions', '0') AS "Impressions",
       coalesce(doc->>'$.metrics.clicks', '0') AS "Clicks",
       (doc->>'$.metrics.conversions') AS "Conversions",
       (doc->>'$.metrics.conversionsValue') AS "Conv. value"
FROM {campaigns}
ORDER BY "Day", "Campaign", (doc->>'$.campaign.id')
