-- The report of campaigns by day, as Ads Manager writes it. Purchases are told several times over: once in all, else of the web.
WITH days AS (
    SELECT doc, coalesce((doc->'$.actions')::JSON[], []) AS actions, coalesce((doc->'$.action_values')::JSON[], []) AS worth FROM {campaigns}
)
SELECT (doc->>'$.date_start') AS "Day",
       (doc->>'$.campaign_name') AS "Campaign name",
       (doc->>'$.spend') AS "Amount spent",
       (doc->>'$.account_currency') AS "Currency",
       coalesce(doc->>'$.impressions', '0') AS "Impressions",
       coalesce(doc->>'$.inline_link_clicks', '0') AS "Link clicks",
       coalesce(list_filter(actions, lambda a: (a->>'$.action_type') = 'omni_purchase')[1], list_filter(actions, lambda a: (a->>'$.action_type') = 'purchase')[1])->>'$.value' AS "Purchases",
       coalesce(list_filter(worth, lambda a: (a->>'$.action_type') = 'omni_purchase')[1], list_filter(worth, lambda a: (a->>'$.action_type') = 'purchase')[1])->>'$.value' AS "Purchases conversion value"
FROM days
ORDER BY "Day", "Campaign name", (doc->>'$.campaign_id')
