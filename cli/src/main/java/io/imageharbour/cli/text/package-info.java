/**
 * Text as it is shown to people and scripts: numbers, tables, JSON, and foreign names made
 * harmless.
 */
package io.imageharbour.cli.text;
