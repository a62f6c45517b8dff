-- The database that examples/delayed-flights.yaml writes to, beside the catalogue.
CREATE DATABASE IF NOT EXISTS etl_demo;
GRANT ALL PRIVILEGES ON etl_demo.* TO 'etl'@'%';
