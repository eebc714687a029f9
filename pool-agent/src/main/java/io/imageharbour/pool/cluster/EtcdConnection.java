package io.imageharbour.pool.cluster;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.etcd.jetcd.ByteSequence;
import io.etcd.jetcd.Client;
import io.etcd.jetcd.ClientBuilder;
import io.etcd.jetcd.KeyValue;
import io.etcd.jetcd.Watch;
import io.etcd.jetcd.common.exception.ErrorCode;
import io.etcd.jetcd.common.exception.EtcdException;
import io.etcd.jetcd.kv.GetResponse;
import io.etcd.jetcd.kv.TxnResponse;
import io.etcd.jetcd.lease.LeaseGrantResponse;
import io.etcd.jetcd.op.Cmp;
import io.etcd.jetcd.op.CmpTarget;
import io.etcd.jetcd.op.Op;
import io.etcd.jetcd.options.DeleteOption;
import io.etcd.jetcd.options.GetOption;
import io.etcd.jetcd.options.PutOption;
import io.etcd.jetcd.options.WatchOption;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.netty.GrpcSslContexts;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import java.io.IOException;
import java.time.Duration;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A connection to etcd, for all in this package that one process needs of it. Every call waits for
 * its answer, for a bounded time; it makes up for what jetcd leaves open:
 *
 * <ul>
 *   <li>jetcd's calls have no deadline: an interceptor gives every one of them {@link
 *       EtcdConfig#timeout}, except watches.
 *   <li>Its channel waits longer from failure to failure, up to two minutes, and can't be told that
 *       etcd is back. When calls have failed for {@link #REPLACE_AFTER}, the next one gets a new
 *       client with a new channel.
 * </ul>
 *
 * <p>Safe for use by many threads. Starts without etcd: nothing is connected before the first call.
 */
public final class EtcdConnection implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(EtcdConnection.class);

  /** How long calls fail before the connection is made anew; grpc's own back-off begins at 1 s. */
  static final Duration REPLACE_AFTER = Duration.ofSeconds(3);

  /** etcd takes requests of 1.5 MiB by default, so that much in one value comes through. */
  private static final int MAX_MESSAGE = 16 << 20;

  private static final String WATCH = "etcdserverpb.Watch/Watch";

  private final EtcdConfig config;
  private final long timeoutNanos;
  private final Object lock = new Object();

  // guarded by lock
  private Client client;
  private long clientSince;
  private long failingSince;
  private boolean failing;
  private boolean closed;

  /**
   * Prepares a connection, and makes none yet.
   *
   * @throws IOException if the certificates or the key can't be read; the message names the file
   */
  public EtcdConnection(EtcdConfig config) throws IOException {
    this.config = config;
    timeoutNanos = config.timeout().toNanos();
    client = newClient();
    clientSince = System.nanoTime();
  }

  /** Ends all watches and calls; what is asked from now on fails. */
  @Override
  public void close() {
    synchronized (lock) {
      if (!closed) {
        closed = true;
        client.close();
      }
    }
  }

  String key(String name) {
    return config.prefix() + "/" + name;
  }

  Duration timeout() {
    return config.timeout();
  }

  Optional<KeyValue> get(String key) throws EtcdUnavailableException, InterruptedException {
    GetResponse response = call("get " + key, etcd -> etcd.getKVClient().get(bytes(key)));
    return response.getKvs().stream().findFirst();
  }

  /** etcd's revision now, agreed upon by a majority of its members. */
  long revision() throws EtcdUnavailableException, InterruptedException {
    // any key will do
    GetOption option = GetOption.builder().withCountOnly(true).build();
    return call("get the revision", etcd -> etcd.getKVClient().get(bytes(config.prefix()), option))
        .getHeader()
        .getRevision();
  }

  /** How many keys begin with {@code prefix}. */
  long count(String prefix) throws EtcdUnavailableException, InterruptedException {
    GetOption option = GetOption.builder().isPrefix(true).withCountOnly(true).build();
    return call("count " + prefix, etcd -> etcd.getKVClient().get(bytes(prefix), option))
        .getCount();
  }

  /**
   * Keys from {@code from} on that begin with {@code prefix}, in their order: {@code limit} of them
   * or fewer, where they are too large for one message.
   *
   * @param from a key that begins with {@code prefix}, or the prefix itself
   * @param revision as of when; 0 for now
   */
  GetResponse range(String prefix, ByteSequence from, int limit, long revision)
      throws EtcdUnavailableException, InterruptedException {
    while (true) {
      GetOption option =
          GetOption.builder()
              .withRange(endOf(prefix))
              .withLimit(limit)
              .withRevision(revision)
              .build();
      try {
        return call("list " + prefix, etcd -> etcd.getKVClient().get(from, option));
      } catch (EtcdUnavailableException e) {
        if (!e.tooLarge() || limit == 1) {
          throw e;
        }
        limit = Math.max(1, limit / 8);
      }
    }
  }

  /** The key right after a key. */
  static ByteSequence after(ByteSequence key) {
    return key.concat(ByteSequence.from(new byte[1]));
  }

  /**
   * Puts a value if the key is as it was.
   *
   * @param modRevision the key's revision when it was read; 0 if there was no such key
   * @param lease that ends with the key; 0 for none
   * @return whether it was put
   */
  boolean put(String key, byte[] value, long modRevision, long lease)
      throws EtcdUnavailableException, InterruptedException {
    PutOption option = PutOption.builder().withLeaseId(lease).build();
    return replace(
        "put " + key, key, modRevision, Op.put(bytes(key), ByteSequence.from(value), option));
  }

  /**
   * Puts a value without a lease, if the key is as it was and another one is still there.
   *
   * @param other a key that was made at the revision {@code created}, and not made anew since
   */
  boolean putWhile(String key, byte[] value, long modRevision, String other, long created)
      throws EtcdUnavailableException, InterruptedException {
    return replace(
        "put " + key,
        key,
        modRevision,
        Op.put(bytes(key), ByteSequence.from(value), PutOption.DEFAULT),
        new Cmp(bytes(other), Cmp.Op.EQUAL, CmpTarget.createRevision(created)));
  }

  /** Deletes a key if it is as it was; whether it was deleted. */
  boolean delete(String key, long modRevision)
      throws EtcdUnavailableException, InterruptedException {
    return replace("delete " + key, key, modRevision, Op.delete(bytes(key), DeleteOption.DEFAULT));
  }

  private boolean replace(String what, String key, long modRevision, Op change, Cmp... besides)
      throws EtcdUnavailableException, InterruptedException {
    Cmp[] conditions = Arrays.copyOf(besides, besides.length + 1);
    conditions[besides.length] =
        new Cmp(bytes(key), Cmp.Op.EQUAL, CmpTarget.modRevision(modRevision));
    TxnResponse response =
        call(what, etcd -> etcd.getKVClient().txn().If(conditions).Then(change).commit());
    return response.isSucceeded();
  }

  /**
   * A new lease.
   *
   * @param longestWait nanoseconds
   */
  LeaseGrantResponse grant(Duration ttl, long longestWait)
      throws EtcdUnavailableException, InterruptedException {
    return call("get a lease", longestWait, etcd -> etcd.getLeaseClient().grant(ttl.toSeconds()));
  }

  /**
   * Renews a lease; whether there was one still.
   *
   * @param longestWait nanoseconds
   */
  boolean keepAlive(long lease, long longestWait)
      throws EtcdUnavailableException, InterruptedException {
    return call(
        "renew the lease",
        longestWait,
        etcd ->
            etcd.getLeaseClient()
                .keepAliveOnce(lease)
                .handle(
                    (renewed, e) -> {
                      if (e == null) {
                        return renewed.getTTL() > 0;
                      }
                      Throwable cause = e instanceof CompletionException ? e.getCause() : e;
                      if (cause instanceof EtcdException answer
                          && answer.getErrorCode() == ErrorCode.NOT_FOUND) {
                        return false;
                      }
                      throw new CompletionException(cause);
                    }));
  }

  void revoke(long lease) throws EtcdUnavailableException, InterruptedException {
    call("revoke the lease", etcd -> etcd.getLeaseClient().revoke(lease));
  }

  /**
   * Watches all keys that begin with {@code prefix}. The watch is over with the first error that
   * the listener is told, or when it is completed; it never goes on by itself.
   */
  Watch.Watcher watch(String prefix, long fromRevision, Watch.Listener listener)
      throws EtcdUnavailableException {
    WatchOption option =
        WatchOption.builder()
            .withRange(endOf(prefix))
            .withRevision(fromRevision)
            .withCreateNotify(true)
            .withRequireLeader(true)
            .build();
    try {
      return client().getWatchClient().watch(bytes(prefix), option, listener);
    } catch (RuntimeException e) {
      throw failed("watch " + prefix, e);
    }
  }

  static ByteSequence bytes(String text) {
    return ByteSequence.from(text, UTF_8);
  }

  /** The first key after all that begin with an ASCII prefix. */
  private static ByteSequence endOf(String prefix) {
    int last = prefix.length() - 1;
    return bytes(prefix.substring(0, last) + (char) (prefix.charAt(last) + 1));
  }

  private <T> T call(String what, Function<Client, CompletableFuture<T>> request)
      throws EtcdUnavailableException, InterruptedException {
    return call(what, timeoutNanos, request);
  }

  private <T> T call(String what, long longestWait, Function<Client, CompletableFuture<T>> request)
      throws EtcdUnavailableException, InterruptedException {
    CompletableFuture<T> answer = begin(what, request);
    try {
      return await(answer, longestWait);
    } catch (TimeoutException e) {
      throw failed(what, null);
    } catch (ExecutionException e) {
      if (Status.fromThrowable(e).getCode() != Status.Code.UNAUTHENTICATED) {
        throw failed(what, e.getCause());
      }
    }
    // the token has expired, and jetcd has forgotten it: with a new one once more
    answer = begin(what, request);
    try {
      return await(answer, longestWait);
    } catch (TimeoutException e) {
      throw failed(what, null);
    } catch (ExecutionException e) {
      throw failed(what, e.getCause());
    }
  }

  private <T> CompletableFuture<T> begin(
      String what, Function<Client, CompletableFuture<T>> request) throws EtcdUnavailableException {
    try {
      return request.apply(client());
    } catch (RuntimeException e) {
      throw failed(what, e);
    }
  }

  private <T> T await(CompletableFuture<T> answer, long longestWait)
      throws ExecutionException, TimeoutException, InterruptedException {
    T result = answer.get(Math.min(longestWait, timeoutNanos), TimeUnit.NANOSECONDS);
    synchronized (lock) {
      failing = false;
    }
    return result;
  }

  private EtcdUnavailableException failed(String what, @Nullable Throwable cause) {
    Status.Code code =
        cause == null ? Status.Code.DEADLINE_EXCEEDED : Status.fromThrowable(cause).getCode();
    boolean unreachable =
        switch (code) {
          // the last because a token can't be had either
          case UNAVAILABLE, DEADLINE_EXCEEDED, UNAUTHENTICATED -> true;
          default -> false;
        };
    synchronized (lock) {
      if (unreachable && !failing) {
        failingSince = System.nanoTime();
      }
      failing = unreachable;
    }
    String came = cause == null ? "no answer in time" : describe(cause);
    return new EtcdUnavailableException(
        "etcd at " + config.endpoints() + " failed to " + what + ": " + came,
        code == Status.Code.RESOURCE_EXHAUSTED);
  }

  /** The status, and what it came from: grpc says "io exception" where a connection is refused. */
  private static String describe(Throwable e) {
    Throwable root = e;
    for (int depth = 0; root.getCause() != null && depth < 10; depth++) {
      root = root.getCause();
    }
    String status = firstLine(e);
    return root == e ? status : status + " (" + firstLine(root) + ")";
  }

  private static String firstLine(Throwable e) {
    String message = e.getMessage() == null ? e.toString() : e.getMessage();
    return Printable.of(message.lines().findFirst().orElse(""));
  }

  private Client client() throws EtcdUnavailableException {
    synchronized (lock) {
      if (closed) {
        throw new EtcdUnavailableException("the connection to etcd was closed");
      }
      long now = System.nanoTime();
      long patience = REPLACE_AFTER.toNanos();
      if (failing && now - failingSince > patience && now - clientSince > patience) {
        try {
          Client fresh = newClient();
          client.close();
          client = fresh;
          clientSince = now;
        } catch (IOException e) {
          // the old one may work again, say while certificates are being replaced
          LOG.warn("event=etcd-reconnect-failed cause={}", e.getMessage());
        }
      }
      return client;
    }
  }

  private Client newClient() throws IOException {
    ClientBuilder builder =
        Client.builder()
            .endpoints(config.endpoints())
            .waitForReady(false)
            .connectTimeout(config.timeout())
            .keepaliveTime(Duration.ofSeconds(10))
            .keepaliveTimeout(config.timeout())
            .keepaliveWithoutCalls(false)
            .retryMaxAttempts(0)
            .maxInboundMessageSize(MAX_MESSAGE)
            .interceptor(new Deadlines(timeoutNanos));
    if (config.secure()) {
      builder.sslContext(sslContext());
    }
    config
        .user()
        .ifPresent(
            credentials ->
                builder.user(bytes(credentials.user())).password(bytes(credentials.password())));
    return builder.build();
  }

  private SslContext sslContext() throws IOException {
    SslContextBuilder builder = GrpcSslContexts.forClient();
    try {
      EtcdConfig.Tls tls =
          config.tls().orElseGet(() -> new EtcdConfig.Tls(Optional.empty(), Optional.empty()));
      tls.authorities().ifPresent(file -> builder.trustManager(file.toFile()));
      tls.identity()
          .ifPresent(
              identity ->
                  builder.keyManager(identity.certificate().toFile(), identity.key().toFile()));
      return builder.build();
    } catch (IllegalArgumentException e) {
      throw new IOException(
          "can't use the certificates for etcd, "
              + config.tls()
              + ": "
              + e.getMessage()
              + (e.getCause() == null ? "" : ", " + e.getCause().getMessage()),
          e);
    }
  }

  private record Deadlines(long nanos) implements ClientInterceptor {

    @Override
    public <Q, A> ClientCall<Q, A> interceptCall(
        MethodDescriptor<Q, A> method, CallOptions options, Channel next) {
      boolean endless = method.getFullMethodName().equals(WATCH);
      return next.newCall(
          method, endless ? options : options.withDeadlineAfter(nanos, TimeUnit.NANOSECONDS));
    }
  }
}
