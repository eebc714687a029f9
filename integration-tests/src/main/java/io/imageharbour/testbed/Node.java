package io.imageharbour.testbed;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** A machine that runs containers, as far as it matters here: a containerd and its harbourd. */
public final class Node implements AutoCloseable {

  private static final Duration CONNECTION_LIMIT = Duration.ofSeconds(60);

  private final Workspace workspace;
  private final HarbourTree tree;
  private final String name;
  private final RegistryAccess registries;
  private final Optional<PoolAccess> pool;
  private final TreeKind trees;
  private final ContainerdServer containerd;
  private HarbourdProcess harbourd;

  private Node(
      Workspace workspace,
      HarbourTree tree,
      String name,
      RegistryAccess registries,
      Optional<PoolAccess> pool,
      TreeKind trees,
      HarbourdProcess harbourd,
      ContainerdServer containerd) {
    this.workspace = workspace;
    this.tree = tree;
    this.name = name;
    this.registries = registries;
    this.pool = pool;
    this.trees = trees;
    this.harbourd = harbourd;
    this.containerd = containerd;
  }

  /**
   * Starts both, with nothing in them.
   *
   * @param name distinguishes the nodes of a workspace; short, because it is part of mount options
   * @param plainHttp the registries ({@code host:port}) without TLS
   */
  public static Node start(
      Workspace workspace, HarbourTree tree, String name, List<String> plainHttp)
      throws IOException, InterruptedException {
    return start(workspace, tree, name, RegistryAccess.plainHttp(plainHttp));
  }

  /** Starts both, with nothing in them, and harbourd with these settings for registries. */
  public static Node start(
      Workspace workspace, HarbourTree tree, String name, RegistryAccess registries)
      throws IOException, InterruptedException {
    return start(workspace, tree, name, registries, Optional.empty());
  }

  /** The same with a memory pool. */
  public static Node start(
      Workspace workspace,
      HarbourTree tree,
      String name,
      RegistryAccess registries,
      Optional<PoolAccess> pool)
      throws IOException, InterruptedException {
    return start(workspace, tree, name, registries, pool, TreeKind.AUTO);
  }

  /** The same with trees that are mounted so. */
  public static Node start(
      Workspace workspace,
      HarbourTree tree,
      String name,
      RegistryAccess registries,
      Optional<PoolAccess> pool,
      TreeKind trees)
      throws IOException, InterruptedException {
    HarbourdProcess harbourd =
        HarbourdProcess.start(
            workspace, tree, harbourdName(name), containerdName(name), registries, pool, trees);
    try {
      ContainerdServer containerd =
          ContainerdServer.start(
              workspace,
              containerdName(name),
              Optional.of(HarbourdProcess.socket(workspace, harbourdName(name))));
      Node node = new Node(workspace, tree, name, registries, pool, trees, harbourd, containerd);
      node.awaitConnection();
      return node;
    } catch (IOException | InterruptedException e) {
      harbourd.close();
      throw e;
    }
  }

  /** Takes away the directories of a node that has been closed, with its images and caches. */
  public static void remove(Workspace workspace, String name)
      throws IOException, InterruptedException {
    workspace.removeDirectory(harbourdName(name));
    workspace.removeDirectory(containerdName(name));
  }

  public Ctr ctr() {
    return containerd.ctr();
  }

  public ContainerdServer containerd() {
    return containerd;
  }

  public HarbourdProcess harbourd() {
    return harbourd;
  }

  /** Starts harbourd again on its root directory after it has ended, however it has. */
  public void restartHarbourd() throws IOException, InterruptedException {
    harbourd.close();
    harbourd =
        HarbourdProcess.start(
            workspace, tree, harbourdName(name), containerdName(name), registries, pool, trees);
    awaitConnection();
  }

  /**
   * containerd dials again only some seconds after harbourd has been away. It answers for snapshots
   * from its own books, so only making one shows that harbourd is reached.
   */
  private void awaitConnection() throws IOException, InterruptedException {
    Await.until(
        "containerd's connection to harbourd",
        CONNECTION_LIMIT,
        () -> snapshots("prepare", "reached").attempt().exit() == 0);
    snapshots("remove", "reached").run();
  }

  private Command snapshots(String verb, String key) {
    return ctr().command("snapshots", "--snapshotter", Snapshotter.HARBOUR.id(), verb, key);
  }

  @Override
  public void close() throws IOException, InterruptedException {
    try {
      containerd.close();
    } finally {
      harbourd.close();
    }
  }

  private static String containerdName(String node) {
    return node + "c";
  }

  private static String harbourdName(String node) {
    return node + "h";
  }
}
