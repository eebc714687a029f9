/*
 * libdisni: the native methods of DiSNI 2.1 (com.ibm.disni.verbs.impl.NativeDispatcher) over librdmacm and libibverbs.
 *
 * Java never sees a pointer. Every object gets an id that is not used again for long: an id that was closed, or belongs to an
 * object of another kind, is refused with an IOException (or -1 where the method declares none). Closing an object while another
 * thread is inside a call on it is for the caller to prevent, as it is in C. Addresses of buffers (sockaddr, work
 * requests, completions) come from DiSNI's own direct buffers and are trusted. Everything else is safe for many threads.
 *
 * Events are acknowledged as soon as they are read, so that no forgotten acknowledgement blocks a close for ever.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <infiniband/verbs.h>
#include <jni.h>
#include <poll.h>
#include <pthread.h>
#include <rdma/rdma_cma.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define METHOD(type, name, ...)                                                                                             \
    JNIEXPORT type JNICALL Java_com_ibm_disni_verbs_impl_NativeDispatcher__1##name(                                         \
        JNIEnv *env __attribute__((unused)), jobject self __attribute__((unused)) __VA_OPT__(, ) __VA_ARGS__)

/* What NativeDispatcher insists on. */
#define INTERFACE_VERSION 32
/* Scatter-gather entries of a work request: DiSNI 2.1 does not say how many it wants. */
#define MAX_SGE 4

/* --- ids ---------------------------------------------------------------------------------------------------------- */

/*
 * An id is, from the lowest bit: 16 bits of slot, 4 bits of kind, 10 bits of turn: how often the slot was used. A
 * turn comes again, because DiSNI never forgets a connection id: what it keeps of them stays bounded so.
 */
enum { SLOTS = 1 << 16, TURNS = 1 << 10 };
enum kind { CHANNEL = 1, CM_ID, CONTEXT, PD, COMP_CHANNEL, CQ, QP, MR };
static const char *const KIND_NAMES[] = {
    "object",     "event channel",    "connection id", "device context", "protection domain", "completion channel",
    "completion queue", "queue pair", "memory region"};

static struct slot {
    _Atomic jlong id; /* 0: free */
    void *object;
    jlong turn;
} slots[SLOTS];
static pthread_mutex_t slots_lock = PTHREAD_MUTEX_INITIALIZER; /* for writing */
static int slots_used; /* slots from here on were never used */

/* Throws an IOException that says which call failed and what errno says. */
static void fail(JNIEnv *env, const char *call) {
    char message[160];
    snprintf(message, sizeof message, "%s: %m (errno %d)", call, errno);
    jclass exception = (*env)->FindClass(env, "java/io/IOException");
    if (exception != NULL) (*env)->ThrowNew(env, exception, message);
}

static void fail_with(JNIEnv *env, const char *call, int error) {
    errno = error;
    fail(env, call);
}

static enum kind kind_of(jlong id) { return (id >> 16) & 15; }

/* The object of an id that lives, or NULL. */
static void *find(enum kind kind, jlong id) {
    struct slot *slot = &slots[id & (SLOTS - 1)];
    return id > 0 && kind_of(id) == kind && atomic_load(&slot->id) == id ? slot->object : NULL;
}

/* The same, with an exception where there is none. */
static void *need(JNIEnv *env, enum kind kind, jlong id) {
    void *object = find(kind, id);
    if (object == NULL) {
        char message[64];
        snprintf(message, sizeof message, "closed or unknown %s", KIND_NAMES[kind]);
        jclass exception = (*env)->FindClass(env, "java/io/IOException");
        if (exception != NULL) (*env)->ThrowNew(env, exception, message);
    }
    return object;
}

/* Ends an id; true for the one caller that did. */
static int forget(jlong id) {
    return id > 0 && atomic_compare_exchange_strong(&slots[id & (SLOTS - 1)].id, &id, 0);
}

static struct slot *slot_of(enum kind kind, const void *object) {
    for (int i = 0; i < slots_used; i++)
        if (slots[i].object == object && kind_of(slots[i].id) == kind) return &slots[i];
    return NULL;
}

/* The id of an object that has one, or 0. */
static jlong id_of(enum kind kind, const void *object) {
    pthread_mutex_lock(&slots_lock);
    struct slot *slot = slot_of(kind, object);
    jlong id = slot == NULL ? 0 : slot->id;
    pthread_mutex_unlock(&slots_lock);
    return id;
}

/* A new id for an object; 0 and errno when there are too many. */
static jlong give_id(enum kind kind, void *object) {
    jlong id = 0;
    pthread_mutex_lock(&slots_lock);
    struct slot *slot = NULL;
    for (int i = 0; slot == NULL && i < slots_used; i++)
        if (slots[i].id == 0) slot = &slots[i];
    if (slot == NULL && slots_used < SLOTS) slot = &slots[slots_used++];
    if (slot == NULL) {
        errno = EMFILE;
    } else {
        slot->turn = (slot->turn + 1) % TURNS;
        id = slot->turn << 20 | (jlong)kind << 16 | (slot - slots);
        slot->object = object;
        atomic_store(&slot->id, id);
    }
    pthread_mutex_unlock(&slots_lock);
    return id;
}

/* What a method that made an object returns: its new id, or -1 and an exception. */
static jlong made(JNIEnv *env, enum kind kind, void *object, const char *call) {
    jlong id = object == NULL ? 0 : give_id(kind, object);
    if (id == 0) fail(env, call);
    return id == 0 ? -1 : id;
}

/* Waits until there is something to read: 1, or 0 after the timeout in milliseconds (negative: none), or -1. */
static int await_readable(int fd, int timeout) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    int64_t end = now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000 + timeout;
    struct pollfd event = {.fd = fd, .events = POLLIN};
    int left = timeout, ready;
    while ((ready = poll(&event, 1, left)) < 0 && errno == EINTR && timeout > 0) {
        clock_gettime(CLOCK_MONOTONIC, &now);
        int64_t rest = end - (now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000);
        left = rest > 0 ? (int)rest : 0;
    }
    return ready;
}

/* So that a reader who lost the event to another one does not hang. */
static int set_nonblocking(int fd) { return fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK); }

/* --- connections ------------------------------------------------------------------------------------------------------ */

METHOD(jlong, createEventChannel) {
    struct rdma_event_channel *channel = rdma_create_event_channel();
    if (channel != NULL && set_nonblocking(channel->fd) != 0) {
        rdma_destroy_event_channel(channel);
        channel = NULL;
    }
    return made(env, CHANNEL, channel, "rdma_create_event_channel");
}

/* -1 while there are connection ids on it: they would go on using it. */
METHOD(jint, destroyEventChannel, jlong channel_id) {
    struct rdma_event_channel *channel = find(CHANNEL, channel_id);
    if (channel == NULL) return -1;
    int in_use = 0;
    pthread_mutex_lock(&slots_lock);
    for (int i = 0; i < slots_used && !in_use; i++)
        in_use = kind_of(slots[i].id) == CM_ID && ((struct rdma_cm_id *)slots[i].object)->channel == channel;
    pthread_mutex_unlock(&slots_lock);
    if (in_use || !forget(channel_id)) return -1;
    rdma_destroy_event_channel(channel);
    return 0;
}

METHOD(jlong, createId, jlong channel_id, jshort port_space) {
    struct rdma_event_channel *channel = need(env, CHANNEL, channel_id);
    struct rdma_cm_id *id = NULL;
    if (channel == NULL) return -1;
    if (rdma_create_id(channel, &id, NULL, (unsigned short)port_space) != 0) id = NULL;
    return made(env, CM_ID, id, "rdma_create_id");
}

METHOD(void, bindAddr, jlong cm_id, jlong address) {
    struct rdma_cm_id *id = need(env, CM_ID, cm_id);
    if (id != NULL && rdma_bind_addr(id, (struct sockaddr *)address) != 0) fail(env, "rdma_bind_addr");
}

METHOD(void, listen, jlong cm_id, jint backlog) {
    struct rdma_cm_id *id = need(env, CM_ID, cm_id);
    if (id != NULL && rdma_listen(id, backlog) != 0) fail(env, "rdma_listen");
}

METHOD(void, resolveAddr, jlong cm_id, jlong source, jlong destination, jint timeout) {
    struct rdma_cm_id *id = need(env, CM_ID, cm_id);
    if (id != NULL && rdma_resolve_addr(id, (struct sockaddr *)source, (struct sockaddr *)destination, timeout) != 0)
        fail(env, "rdma_resolve_addr");
}

METHOD(void, resolveRoute, jlong cm_id, jint timeout) {
    struct rdma_cm_id *id = need(env, CM_ID, cm_id);
    if (id != NULL && rdma_resolve_route(id, timeout) != 0) fail(env, "rdma_resolve_route");
}

/* What the peer sent along with its request or answer, as the context of the connection id. */
struct data {
    uint8_t length;
    uint8_t bytes[UINT8_MAX];
};

static void keep_data(struct rdma_cm_id *id, const struct rdma_conn_param *sent) {
    if (sent->private_data_len == 0 || sent->private_data == NULL) return;
    struct data *data = id->context != NULL ? id->context : malloc(sizeof *data);
    if (data == NULL) return;
    data->length = sent->private_data_len;
    memcpy(data->bytes, sent->private_data, data->length);
    id->context = data;
}

/* The kind of the next event, or -1 when none came in time. A connection request brings an id of its own. */
METHOD(jint, getCmEvent, jlong channel_id, jlong listener_out, jlong id_out, jint timeout) {
    struct rdma_event_channel *channel = find(CHANNEL, channel_id);
    struct rdma_cm_event *event;
    if (channel == NULL || await_readable(channel->fd, timeout) <= 0 || rdma_get_cm_event(channel, &event) != 0) return -1;
    jint type = event->event;
    struct rdma_cm_id *id = event->id;
    jlong listener = event->listen_id == NULL ? 0 : id_of(CM_ID, event->listen_id);
    jlong number = type == RDMA_CM_EVENT_CONNECT_REQUEST ? give_id(CM_ID, id) : id_of(CM_ID, id);
    if (type == RDMA_CM_EVENT_CONNECT_REQUEST) id->context = NULL; /* it was the listener's */
    if (type == RDMA_CM_EVENT_CONNECT_REQUEST || type == RDMA_CM_EVENT_ESTABLISHED) keep_data(id, &event->param.conn);
    rdma_ack_cm_event(event);
    if (number == 0 && type == RDMA_CM_EVENT_CONNECT_REQUEST) {
        free(id->context);
        rdma_destroy_id(id); /* there are too many: the peer is refused */
        return -1;
    }
    *(jlong *)listener_out = listener == 0 ? -1 : listener;
    *(jlong *)id_out = number == 0 ? -1 : number;
    return type;
}

/* getCmEvent has done it. */
METHOD(jint, ackCmEvent, jint event) {
    (void)event;
    return 0;
}

static struct rdma_conn_param connection(jint retries, jint receiver_not_ready_retries) {
    struct rdma_conn_param parameters = {
        .responder_resources = RDMA_MAX_RESP_RES, /* READs in flight: as many as the device can */
        .initiator_depth = RDMA_MAX_INIT_DEPTH,
        .retry_count = retries < 0 ? 0 : retries > 7 ? 7 : (uint8_t)retries,
        .rnr_retry_count = receiver_not_ready_retries < 0   ? 0
                           : receiver_not_ready_retries > 7 ? 7
                                                            : (uint8_t)receiver_not_ready_retries};
    return parameters;
}

METHOD(void, connect, jlong cm_id, jint retries, jint receiver_not_ready_retries, jlong data, jbyte data_length) {
    struct rdma_cm_id *id = need(env, CM_ID, cm_id);
    if (id == NULL) return;
    struct rdma_conn_param parameters = connection(retries, receiver_not_ready_retries);
    parameters.private_data = (const void *)data;
    parameters.private_data_len = data == 0 ? 0 : (uint8_t)data_length;
    if (rdma_connect(id, &parameters) != 0) fail(env, "rdma_connect");
}

METHOD(void, accept, jlong cm_id, jint retries, jint receiver_not_ready_retries) {
    struct rdma_cm_id *id = need(env, CM_ID, cm_id);
    if (id == NULL) return;
    struct rdma_conn_param parameters = connection(retries, receiver_not_ready_retries);
    if (rdma_accept(id, &parameters) != 0) fail(env, "rdma_accept");
}

METHOD(jint, disconnect, jlong cm_id) {
    struct rdma_cm_id *id = find(CM_ID, cm_id);
    return id == NULL ? -1 : rdma_disconnect(id);
}

static void destroy_queue_pair(struct rdma_cm_id *id) {
    if (id->qp == NULL) return;
    forget(id_of(QP, id->qp));
    rdma_destroy_qp(id);
}

METHOD(jint, destroyQP, jlong cm_id) {
    struct rdma_cm_id *id = find(CM_ID, cm_id);
    if (id == NULL || id->qp == NULL) return -1;
    destroy_queue_pair(id);
    return 0;
}

/* A queue pair that is still there goes along: nobody could reach it any more. */
static jint destroy_id(jlong cm_id) {
    struct rdma_cm_id *id = find(CM_ID, cm_id);
    if (id == NULL || !forget(cm_id)) return -1;
    destroy_queue_pair(id);
    free(id->context);
    id->context = NULL;
    return rdma_destroy_id(id);
}

METHOD(jint, destroyCmId, jlong cm_id) { return destroy_id(cm_id); }

METHOD(jint, destroyEp, jlong cm_id) { return destroy_id(cm_id); }

static jint copy_address(const struct sockaddr *from, jlong to) {
    if (from == NULL || from->sa_family != AF_INET) return -1;
    memcpy((void *)to, from, sizeof(struct sockaddr_in));
    return 0;
}

METHOD(jint, getSrcAddr, jlong cm_id, jlong address) {
    struct rdma_cm_id *id = find(CM_ID, cm_id);
    return id == NULL ? -1 : copy_address(rdma_get_local_addr(id), address);
}

METHOD(jint, getDstAddr, jlong cm_id, jlong address) {
    struct rdma_cm_id *id = find(CM_ID, cm_id);
    return id == NULL ? -1 : copy_address(rdma_get_peer_addr(id), address);
}

/* -1 as long as the connection id has no device. librdmacm keeps the contexts open, so their ids stay good. */
METHOD(jlong, getContext, jlong cm_id) {
    struct rdma_cm_id *id = need(env, CM_ID, cm_id);
    if (id == NULL || id->verbs == NULL) return -1;
    jlong known = id_of(CONTEXT, id->verbs);
    return known != 0 ? known : made(env, CONTEXT, id->verbs, "getContext");
}

/* What DiSNI leaves out: the data that came along with a connection, and an answer that has some. */

#define OWN_METHOD(type, name, ...)                                                                                         \
    JNIEXPORT type JNICALL Java_io_imageharbour_pool_transport_rdma_PrivateData_##name(                                     \
        JNIEnv *env, jclass self __attribute__((unused)), __VA_ARGS__)

/* Empty when there was none. What came is padded with zeros up to what the network's messages have room for. */
OWN_METHOD(jbyteArray, received, jlong cm_id) {
    struct rdma_cm_id *id = need(env, CM_ID, cm_id);
    if (id == NULL) return NULL;
    struct data *data = id->context;
    jbyteArray bytes = (*env)->NewByteArray(env, data == NULL ? 0 : data->length);
    if (bytes != NULL && data != NULL) (*env)->SetByteArrayRegion(env, bytes, 0, data->length, (const jbyte *)data->bytes);
    return bytes;
}

OWN_METHOD(void, accept, jlong cm_id, jbyteArray answer) {
    struct rdma_cm_id *id = need(env, CM_ID, cm_id);
    if (id == NULL) return;
    uint8_t bytes[UINT8_MAX];
    jsize length = (*env)->GetArrayLength(env, answer);
    if (length > (jsize)sizeof bytes) {
        fail_with(env, "rdma_accept", EMSGSIZE);
        return;
    }
    (*env)->GetByteArrayRegion(env, answer, 0, length, (jbyte *)bytes);
    struct rdma_conn_param parameters = connection(7, 7);
    parameters.private_data = bytes;
    parameters.private_data_len = (uint8_t)length;
    if (rdma_accept(id, &parameters) != 0) fail(env, "rdma_accept");
}

/* --- queues and memory ------------------------------------------------------------------------------------------------ */

METHOD(jlong, createQP, jlong cm_id, jlong pd_id, jlong send_cq_id, jlong receive_cq_id, jint type, jint max_send,
       jint max_receive, jint max_inline) {
    struct rdma_cm_id *id = need(env, CM_ID, cm_id);
    struct ibv_pd *pd = id == NULL ? NULL : need(env, PD, pd_id);
    struct ibv_cq *send_cq = pd == NULL ? NULL : need(env, CQ, send_cq_id);
    struct ibv_cq *receive_cq = send_cq == NULL ? NULL : need(env, CQ, receive_cq_id);
    if (receive_cq == NULL) return -1;
    if (max_send < 0 || max_receive < 0 || max_inline < 0) {
        fail_with(env, "rdma_create_qp", EINVAL);
        return -1;
    }
    struct ibv_qp_init_attr attributes = {.qp_type = (enum ibv_qp_type)type,
                                          .send_cq = send_cq,
                                          .recv_cq = receive_cq,
                                          .cap = {.max_send_wr = (uint32_t)max_send,
                                                  .max_recv_wr = (uint32_t)max_receive,
                                                  .max_send_sge = MAX_SGE,
                                                  .max_recv_sge = MAX_SGE,
                                                  .max_inline_data = (uint32_t)max_inline}};
    int failed = rdma_create_qp(id, pd, &attributes);
    return made(env, QP, failed ? NULL : id->qp, "rdma_create_qp");
}

/* DiSNI hands over no attributes: it passes 0 whatever its caller gave. Connecting makes the transitions there are. */
METHOD(jint, modifyQP, jlong qp_id, jlong attributes) {
    (void)attributes;
    if (need(env, QP, qp_id) != NULL) fail_with(env, "ibv_modify_qp, for which DiSNI passes no attributes", EOPNOTSUPP);
    return -1;
}

METHOD(jint, getQpNum, jlong qp_id) {
    struct ibv_qp *qp = need(env, QP, qp_id);
    return qp == NULL ? -1 : (jint)qp->qp_num;
}

METHOD(jlong, allocPd, jlong context_id) {
    struct ibv_context *context = need(env, CONTEXT, context_id);
    return context == NULL ? -1 : made(env, PD, ibv_alloc_pd(context), "ibv_alloc_pd");
}

METHOD(jint, getPdHandle, jlong pd_id) {
    struct ibv_pd *pd = need(env, PD, pd_id);
    return pd == NULL ? -1 : (jint)pd->handle;
}

METHOD(jlong, createCompChannel, jlong context_id) {
    struct ibv_context *context = need(env, CONTEXT, context_id);
    if (context == NULL) return -1;
    struct ibv_comp_channel *channel = ibv_create_comp_channel(context);
    if (channel != NULL && set_nonblocking(channel->fd) != 0) {
        ibv_destroy_comp_channel(channel);
        channel = NULL;
    }
    return made(env, COMP_CHANNEL, channel, "ibv_create_comp_channel");
}

METHOD(jlong, createCQ, jlong context_id, jlong channel_id, jint entries, jint vector) {
    struct ibv_context *context = need(env, CONTEXT, context_id);
    struct ibv_comp_channel *channel = context == NULL ? NULL : need(env, COMP_CHANNEL, channel_id);
    if (channel == NULL) return -1;
    return made(env, CQ, ibv_create_cq(context, entries, NULL, channel, vector), "ibv_create_cq");
}

/* Those of these three that are still in use stay, with their ids: -1. */
METHOD(jint, deallocPd, jlong pd_id) {
    struct ibv_pd *pd = find(PD, pd_id);
    if (pd == NULL || ibv_dealloc_pd(pd) != 0) return -1;
    forget(pd_id);
    return 0;
}

METHOD(jint, destroyCQ, jlong cq_id) {
    struct ibv_cq *cq = find(CQ, cq_id);
    if (cq == NULL || ibv_destroy_cq(cq) != 0) return -1;
    forget(cq_id);
    return 0;
}

METHOD(jint, destroyCompChannel, jlong channel_id) {
    struct ibv_comp_channel *channel = find(COMP_CHANNEL, channel_id);
    if (channel == NULL || ibv_destroy_comp_channel(channel) != 0) return -1;
    forget(channel_id);
    return 0;
}

METHOD(jlong, regMr, jlong pd_id, jlong address, jint length, jint access, jlong lkey, jlong rkey, jlong handle) {
    struct ibv_pd *pd = need(env, PD, pd_id);
    if (pd == NULL) return -1;
    if (length <= 0) {
        fail_with(env, "ibv_reg_mr", EINVAL);
        return -1;
    }
    struct ibv_mr *mr = ibv_reg_mr(pd, (void *)address, (size_t)length, access);
    if (mr != NULL) {
        *(uint32_t *)lkey = mr->lkey;
        *(uint32_t *)rkey = mr->rkey;
        *(uint32_t *)handle = mr->handle;
    }
    return made(env, MR, mr, "ibv_reg_mr");
}

METHOD(void, deregMr, jlong mr_id) {
    struct ibv_mr *mr = need(env, MR, mr_id);
    if (mr == NULL || !forget(mr_id)) return;
    int error = ibv_dereg_mr(mr);
    if (error != 0) fail_with(env, "ibv_dereg_mr", error);
}

/* What on-demand paging can do on reliable connections, as IBV_ODP_SUPPORT_*; -1 where there is none. */
METHOD(jint, queryOdpSupport, jlong context_id) {
    struct ibv_context *context = find(CONTEXT, context_id);
    struct ibv_device_attr_ex attributes;
    if (context == NULL || ibv_query_device_ex(context, NULL, &attributes) != 0 ||
        !(attributes.odp_caps.general_caps & IBV_ODP_SUPPORT))
        return -1;
    return (jint)attributes.odp_caps.per_transport_caps.rc_odp_caps;
}

METHOD(jint, expPrefetchMr, jlong mr_id, jlong address, jint length) {
    struct ibv_mr *mr = need(env, MR, mr_id);
    if (mr == NULL) return -1;
    struct ibv_sge range = {.addr = (uint64_t)address, .length = (uint32_t)length, .lkey = mr->lkey};
    int error = ibv_advise_mr(mr->pd, IBV_ADVISE_MR_ADVICE_PREFETCH_WRITE, 0, &range, 1);
    if (error != 0) fail_with(env, "ibv_advise_mr", error);
    return error == 0 ? 0 : -1;
}

/* --- work ------------------------------------------------------------------------------------------------------------- */

METHOD(void, postSend, jlong qp_id, jlong requests) {
    struct ibv_qp *qp = need(env, QP, qp_id);
    struct ibv_send_wr *bad;
    int error = qp == NULL ? 0 : ibv_post_send(qp, (struct ibv_send_wr *)requests, &bad);
    if (error != 0) fail_with(env, "ibv_post_send", error);
}

METHOD(void, postRecv, jlong qp_id, jlong requests) {
    struct ibv_qp *qp = need(env, QP, qp_id);
    struct ibv_recv_wr *bad;
    int error = qp == NULL ? 0 : ibv_post_recv(qp, (struct ibv_recv_wr *)requests, &bad);
    if (error != 0) fail_with(env, "ibv_post_recv", error);
}

METHOD(jint, pollCQ, jlong cq_id, jint entries, jlong completions) {
    struct ibv_cq *cq = need(env, CQ, cq_id);
    return cq == NULL ? -1 : ibv_poll_cq(cq, entries, (struct ibv_wc *)completions);
}

METHOD(jint, reqNotifyCQ, jlong cq_id, jint solicited_only) {
    struct ibv_cq *cq = need(env, CQ, cq_id);
    return cq == NULL ? -1 : ibv_req_notify_cq(cq, solicited_only);
}

/* 0 when there was an event, -1 when none came in time. */
METHOD(jint, getCqEvent, jlong channel_id, jint timeout) {
    struct ibv_comp_channel *channel = need(env, COMP_CHANNEL, channel_id);
    struct ibv_cq *cq;
    void *context;
    if (channel == NULL || await_readable(channel->fd, timeout) <= 0 || ibv_get_cq_event(channel, &cq, &context) != 0)
        return -1;
    ibv_ack_cq_events(cq, 1);
    return 0;
}

/* getCqEvent has done it. */
METHOD(jint, ackCqEvent, jlong cq_id, jint events) {
    (void)events;
    return find(CQ, cq_id) == NULL ? -1 : 0;
}

METHOD(jint, getContextFd, jlong context_id) {
    struct ibv_context *context = need(env, CONTEXT, context_id);
    return context == NULL ? -1 : context->cmd_fd;
}

METHOD(jint, getContextNumCompVectors, jlong context_id) {
    struct ibv_context *context = need(env, CONTEXT, context_id);
    return context == NULL ? -1 : context->num_comp_vectors;
}

/* --- layouts, which DiSNI writes and reads ---------------------------------------------------------------------------- */

METHOD(jint, getSockAddrInSize) { return sizeof(struct sockaddr_in); }

METHOD(jint, getIbvRecvWRSize) { return sizeof(struct ibv_recv_wr); }

METHOD(jint, getIbvSendWRSize) { return sizeof(struct ibv_send_wr); }

METHOD(jint, getIbvSgeSize) { return sizeof(struct ibv_sge); }

METHOD(jint, getIbvWCSize) { return sizeof(struct ibv_wc); }

METHOD(jint, getRemoteAddressOffset) { return offsetof(struct ibv_send_wr, wr.rdma.remote_addr); }

METHOD(jint, getRKeyOffset) { return offsetof(struct ibv_send_wr, wr.rdma.rkey); }

METHOD(jint, getVersion) { return INTERFACE_VERSION; }
