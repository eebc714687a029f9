package io.imageharbour.pool.agent;

/**
 * Who an agent is.
 *
 * @param id the same after a restart
 * @param incarnation another one each time that it starts
 */
record AgentIdentity(String id, long incarnation) {}
