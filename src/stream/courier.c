/* One errand at a time, on a thread, at a host's, or inline. See courier.h. */
#include "stream/courier.h"

#include "base/assert.h"
#include "stream/clock.h"

static void *serve(void *argument)
{
    struct eng_courier *courier = argument;
    eng_assert(courier->way.threaded);
    pthread_mutex_lock(&courier->lock);
    for (;;) {
        while (courier->run == NULL && !courier->ending)
            pthread_cond_wait(&courier->changed, &courier->lock);
        if (courier->run == NULL)
            break;
        void (*run)(void *context) = courier->run;
        pthread_mutex_unlock(&courier->lock);
        run(courier->context);
        pthread_mutex_lock(&courier->lock);
        eng_assert(courier->run == run);
        courier->run = NULL;
        atomic_store_explicit(&courier->busy, false, memory_order_release);
        pthread_cond_broadcast(&courier->changed);
    }
    pthread_mutex_unlock(&courier->lock);
    return NULL;
}

enum eng_status eng_courier_start(struct eng_courier *courier, struct eng_courier_way way,
                                  struct eng_error *err)
{
    eng_assert(courier != NULL);
    eng_assert(!way.threaded || way.host == NULL);
    *courier = (struct eng_courier){.way = way};
    pthread_condattr_t attributes;
    pthread_mutex_init(&courier->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&courier->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    if (!way.threaded || pthread_create(&courier->thread, NULL, serve, courier) == 0)
        return ENG_OK;
    pthread_cond_destroy(&courier->changed);
    pthread_mutex_destroy(&courier->lock);
    return eng_error_set(err, ENG_NO_MEMORY, "no thread could be made for a worker");
}

void eng_courier_submit(struct eng_courier *courier, void (*run)(void *context), void *context)
{
    eng_assert(run != NULL);
    eng_assert(!eng_courier_busy(courier));
    if (courier->way.host != NULL) {
        courier->run = run;
        courier->context = context;
        atomic_store(&courier->busy, true);
        courier->way.host->submitted(courier->way.host, courier);
        return;
    }
    if (!courier->way.threaded) {
        run(context);
        return;
    }
    pthread_mutex_lock(&courier->lock);
    eng_assert(courier->run == NULL && !courier->ending);
    courier->run = run;
    courier->context = context;
    atomic_store_explicit(&courier->busy, true, memory_order_relaxed);
    pthread_cond_broadcast(&courier->changed);
    pthread_mutex_unlock(&courier->lock);
}

void eng_courier_run(struct eng_courier *courier)
{
    eng_assert(courier->way.host != NULL);
    eng_assert(courier->run != NULL);
    courier->run(courier->context);
    courier->run = NULL;
    atomic_store(&courier->busy, false);
}

bool eng_courier_busy(struct eng_courier *courier)
{
    return atomic_load_explicit(&courier->busy, memory_order_acquire);
}

bool eng_courier_wait(struct eng_courier *courier, int64_t timeout_ms)
{
    eng_assert(timeout_ms >= 0);
    if (courier->way.host != NULL) {
        courier->way.host->wait(courier->way.host, courier, timeout_ms);
        return !eng_courier_busy(courier);
    }
    struct timespec deadline = eng_clock_deadline(timeout_ms);
    int late = 0;
    pthread_mutex_lock(&courier->lock);
    while (eng_courier_busy(courier) && late == 0)
        late = pthread_cond_timedwait(&courier->changed, &courier->lock, &deadline);
    bool idle = !eng_courier_busy(courier);
    pthread_mutex_unlock(&courier->lock);
    eng_assert(idle || late != 0);
    return idle;
}

void eng_courier_stop(struct eng_courier *courier)
{
    eng_assert(courier != NULL);
    if (courier->way.host != NULL && eng_courier_busy(courier))
        courier->way.host->wait(courier->way.host, courier, -1);
    if (courier->way.threaded) {
        pthread_mutex_lock(&courier->lock);
        courier->ending = true;
        pthread_cond_broadcast(&courier->changed);
        pthread_mutex_unlock(&courier->lock);
        pthread_join(courier->thread, NULL);
    }
    eng_assert(!eng_courier_busy(courier));
    pthread_cond_destroy(&courier->changed);
    pthread_mutex_destroy(&courier->lock);
}
