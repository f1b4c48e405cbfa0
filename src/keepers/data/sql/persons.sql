-- What names a person, one row a customer: lists of customers before orders, later orders before earlier ones.
WITH seen AS ({seen})
SELECT customer_key, arg_min(name, (rank, -epoch(seen_at))) AS name, arg_min(email, (rank, -epoch(seen_at))) AS email, arg_min(phone, (rank, -epoch(seen_at))) AS phone
FROM seen
WHERE customer_key IS NOT NULL AND (name IS NOT NULL OR email IS NOT NULL OR phone IS NOT NULL)
GROUP BY customer_key
