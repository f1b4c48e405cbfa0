-- The revenue at which scores of money change.
SELECT {cuts}
FROM {summary}
