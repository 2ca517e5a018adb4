using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Options;
using Npgsql;
using PipelineService.Hosting.FaultInjection;
using PipelineService.Hosting.Postgres;
using PipelineService.Hosting.Telemetry;
using PipelineService.Spool;

namespace PipelineService.Events.Webhooks;

/// <summary>
/// Sends deliveries: 1. looks which webhooks something is due for, when the log has grown, when one was sent, and every second; 2. claims
/// as
/// many as there is room for; 3. sends each; 4. marks what became of it. Several instances share the work, each delivery one at a time. A
/// process that dies between 3 and 4 leaves a claim that ends, and it is sent again under the same id: at least once, and in no order.
/// </summary>
internal sealed partial class WebhookDispatcher : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan CountInterval = TimeSpan.FromMinutes(1);

    /// <summary>A claim outlasts the attempt by so much.</summary>
    private static readonly TimeSpan LeaseMargin = TimeSpan.FromSeconds(30);

    private readonly WebhookStore _webhooks;
    private readonly DeliveryStore _deliveries;
    private readonly WebhookClient _client;
    private readonly WebhookLanes _lanes;
    private readonly DatabaseReadiness _readiness;
    private readonly PipelineMetrics _metrics;
    private readonly TimeSpan _lease;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly GrowthSignal _some = new();
    private readonly ConcurrentDictionary<Task, bool> _sending = new();
    private volatile bool _hasWebhooks;
    private long _counted;

    public WebhookDispatcher(
        WebhookStore webhooks, DeliveryStore deliveries, WebhookClient client, WebhookLanes lanes, EventSequencer sequencer,
        DatabaseReadiness readiness, PipelineMetrics metrics, IOptions<EventsOptions> options, TimeProvider time, ILogger<WebhookDispatcher> logger)
    {
        (_webhooks, _deliveries, _client, _lanes) = (webhooks, deliveries, client, lanes);
        (_readiness, _metrics, _time, _logger) = (readiness, metrics, time, logger);
        _lease = options.Value.DeliveryTimeout + LeaseMargin;
        sequencer.Told += Note;
    }

    /// <summary>Something may be due.</summary>
    public void Wake() => _some.Set();

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await _readiness.WaitAsync(stoppingToken);
        using IDisposable untraced = PipelineTracing.Untraced(); // it is nobody's wait
        try
        {
            while (true)
            {
                Task some = _some.Next;
                if (_hasWebhooks)
                {
                    await SendDueOrTellAsync(stoppingToken);
                }

                await await Task.WhenAny(some, Task.Delay(Interval, _time, stoppingToken));
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            await Task.WhenAll(_sending.Keys); // each gives back what it has
        }
    }

    private void Note(NumberingRound round)
    {
        bool isFirst = round.HasWebhooks && !_hasWebhooks;
        _hasWebhooks = round.HasWebhooks;
        if (round.HasWebhooks && (round.Numbered > 0 || isFirst))
        {
            _some.Set();
        }
    }

    private async Task SendDueOrTellAsync(CancellationToken stoppingToken)
    {
        try
        {
            await SendDueAsync(stoppingToken);
            await DisableOverfullAsync(stoppingToken);
        }
        catch (DatabaseUnavailableException)
        {
            // What is due stays due.
        }
        catch (Exception e) when (e is not OperationCanceledException || !stoppingToken.IsCancellationRequested)
        {
            Log.NotSent(_logger, e);
        }
    }

    private async Task SendDueAsync(CancellationToken stoppingToken)
    {
        // 1. Which webhooks; 2. as many as there is room for.
        var due = (await _webhooks.FindDueAsync(stoppingToken)).ToDictionary(webhook => webhook.Id);
        IReadOnlyList<(Guid, int)> rooms = _lanes.RoomFor(due.Keys);
        if (rooms.Count == 0)
        {
            return;
        }

        foreach (ClaimedDelivery delivery in await _deliveries.ClaimAsync(rooms, _lease, stoppingToken))
        {
            _lanes.Take(delivery.Webhook);
            var sending = Task.Run(() => SendAsync(due[delivery.Webhook], delivery, stoppingToken), CancellationToken.None);
            _sending[sending] = true;
            _ = sending.ContinueWith(
                done => _sending.TryRemove(done, out _), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }
    }

    [SuppressMessage("Design", "CA1031", Justification = "Whatever it is, the claim ends, and the delivery is sent again.")]
    private async Task SendAsync(WebhookRow webhook, ClaimedDelivery delivery, CancellationToken stoppingToken)
    {
        bool? hasFailed = null;
        try
        {
            // 3. Send it.
            SendResult result = await _client.SendAsync(webhook, delivery.Id, EventView.Of(delivery.Event).ToJson(), stoppingToken);
            FaultPoints.Reach(FaultPoint.WebhookSent);
            hasFailed = !result.IsDelivered;

            // 4. Mark it.
            DeliveryMark mark = MarkOf(delivery, result);
            _metrics.WebhookAnswered(mark.State == DeliveryStore.Pending ? "retried" : mark.State, TimeSpan.FromMilliseconds(result.Milliseconds));
            await _deliveries.MarkAsync(mark, CancellationToken.None);
            if (result.IsGone && await _webhooks.DisableAsync(webhook.Id, webhook.Name, "gone", CancellationToken.None))
            {
                Log.Disabled(_logger, webhook.Name, "it answered 410");
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            await GiveBackAsync(delivery);
        }
        catch (Exception e)
        {
            Log.NotMarked(_logger, delivery.Id, e.Message);
        }
        finally
        {
            _lanes.Leave(delivery.Webhook, hasFailed);
            _some.Set();
        }
    }

    private async Task GiveBackAsync(ClaimedDelivery delivery)
    {
        try
        {
            await _deliveries.GiveBackAsync(delivery, CancellationToken.None);
        }
        catch (Exception e) when (e is DatabaseUnavailableException or NpgsqlException)
        {
            Log.NotMarked(_logger, delivery.Id, e.Message);
        }
    }

    private static DeliveryMark MarkOf(ClaimedDelivery delivery, SendResult result)
    {
        TimeSpan? pause = result.IsDelivered || result.IsGone ? null : DeliverySchedule.PauseAfter(delivery.Attempt, result.RetryAfter);
        return new DeliveryMark(
            delivery.Webhook,
            delivery.Event.Position,
            delivery.Slot,
            delivery.Attempt,
            result.IsDelivered ? DeliveryStore.Delivered : pause is null ? DeliveryStore.Failed : DeliveryStore.Pending,
            pause ?? TimeSpan.Zero,
            result.Status,
            result.Milliseconds,
            result.Error,
            result.Answer);
    }

    /// <summary>What waits for a webhook that answers nobody must not grow without end.</summary>
    private async Task DisableOverfullAsync(CancellationToken cancellationToken)
    {
        if (_counted != 0 && _time.GetElapsedTime(_counted) < CountInterval)
        {
            return;
        }

        _counted = _time.GetTimestamp();
        foreach (WebhookRow webhook in await _webhooks.FindOverfullAsync(cancellationToken))
        {
            if (await _webhooks.DisableAsync(webhook.Id, webhook.Name, "backlog", cancellationToken))
            {
                Log.Disabled(_logger, webhook.Name, "more deliveries wait for it than may (Events:PendingMax)");
            }
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Error, Message = "Deliveries to webhooks could not be looked for; it is tried again.")]
        public static partial void NotSent(ILogger logger, Exception exception);

        [LoggerMessage(Level = LogLevel.Warning, Message = "What became of delivery {Delivery} could not be written; it is sent again: {Reason}")]
        public static partial void NotMarked(ILogger logger, Guid delivery, string reason);

        [LoggerMessage(Level = LogLevel.Warning, Message = "Nothing more is sent to webhook {Webhook}: {Reason}.")]
        public static partial void Disabled(ILogger logger, string webhook, string reason);
    }
}
