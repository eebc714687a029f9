/**
 * Registries that speak the OCI distribution protocol: names, credentials, mirrors, manifests and
 * blobs. {@link io.imageharbour.indexer.registry.RegistryClient} is the way in.
 *
 * <p>Everything that a registry sends is bounded in size and checked against its digest before it
 * is handed out; every wait has a limit; no message, log line or {@code toString} holds a secret.
 */
package io.imageharbour.indexer.registry;
