/**
 * Runs of the programs from which their AOT caches are made, with an image and a registry that are
 * made up for it. Part of the build; not shipped.
 */
package io.imageharbour.packaging.training;
