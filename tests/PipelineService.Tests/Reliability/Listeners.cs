using System.Collections.Concurrent;
using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;
using Npgsql;
using PipelineService.Tests.Access;
using PipelineService.Tests.Events;

namespace PipelineService.Tests.Reliability;

/// <summary>
/// Those who are told what happens in a <see cref="Field"/>, whatever dies there: a client that follows the log as a stream and comes again
/// behind the last event that it has had, another that follows a view, and a receiver of a webhook that fails now and then.
/// </summary>
internal sealed class Listeners : IAsyncDisposable
{
    private static readonly TimeSpan AgeMax = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan DuePause = TimeSpan.FromSeconds(2);

    /// <summary>One in so many deliveries is answered 500.</summary>
    private const int FailEvery = 6;

    private readonly Server _server;
    private readonly Field _field;
    private readonly WebhookReceiver _receiver;
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(15) };
    private readonly byte[] _secret = RandomNumberGenerator.GetBytes(32);
    private readonly CancellationTokenSource _stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
    private readonly ConcurrentQueue<SseEvent> _heard = new();
    private readonly ViewFollower _view;
    private Task _following = Task.CompletedTask;
    private long _head;
    private int _streams;

    private Listeners(Server server, Field field, WebhookReceiver receiver)
    {
        (_server, _field, _receiver) = (server, field, receiver);
        _view = new ViewFollower(field, Sample.ByChunk, Sample.ViewOfAll, "amount");
    }

    /// <summary>What the service needs to send to a receiver of this machine.</summary>
    public static IReadOnlyList<(string Name, string Value)> Settings { get; } =
        [("Events__AllowPrivateAddresses", "true"), ("Events__AllowHttp", "true")];

    /// <summary>How often the stream was opened, and how many deliveries came.</summary>
    public (int Streams, int Deliveries) Counts => (_streams, _receiver.Received.Count);

    public static async Task<Listeners> StartAsync(Server server, Field field, int seed)
    {
        Listeners listeners = new(server, field, await WebhookReceiver.StartAsync());
        int received = 0;
        listeners._receiver.Answers["/told"] = context =>
        {
            bool fails = (Interlocked.Increment(ref received) + seed) % FailEvery == 0;
            context.Response.StatusCode = fails ? StatusCodes.Status500InternalServerError : StatusCodes.Status204NoContent;
            return Task.CompletedTask;
        };
        await listeners.RegisterAsync();
        listeners._following = Task.Run(listeners.FollowAsync);
        return listeners;
    }

    /// <summary>Waits until all that has happened was told.</summary>
    /// <returns>What was not told, or was told otherwise than it is.</returns>
    public async Task<IReadOnlyList<string>> EndAsync()
    {
        List<(long Position, string Type)> log = await ReadAsync(
            """
            SELECT p.position, e.type FROM pipeline.event_positions p JOIN pipeline.events e ON e.xid = p.xid AND e.n = p.n AND e.slot = p.slot
            ORDER BY p.position
            """,
            reader => (reader.GetInt64(0), reader.GetString(1)));
        return [.. await HeardAsync(log), .. await SeenAsync(), .. await DeliveredAsync()];
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _following;
        await _view.DisposeAsync();
        _http.Dispose();
        await _receiver.DisposeAsync();
        _stop.Dispose();
    }

    private async Task<IReadOnlyList<string>> HeardAsync(List<(long Position, string Type)> log)
    {
        long since = TimeProvider.System.GetTimestamp();
        while (Volatile.Read(ref _head) < log[^1].Position && TimeProvider.System.GetElapsedTime(since) < AgeMax)
        {
            await Task.Delay(Pause, TimeProvider.System, _stop.Token);
        }

        SseEvent[] heard = [.. _heard];
        if (heard.FirstOrDefault(one => one.Type == "reset") is { } reset)
        {
            return [$"whoever follows the log was told to begin anew: {reset.Data}"];
        }

        int told = heard.Zip(log).TakeWhile(pair => pair.First.Id == pair.Second.Position && pair.First.Type == pair.Second.Type).Count();
        return told >= log.Count
            ? []
            : [$"whoever follows the log has had {heard.Length} events; at place {told} comes {heard.ElementAtOrDefault(told)}, and there is {log[told]}"];
    }

    private async Task<IReadOnlyList<string>> SeenAsync()
    {
        long view = await CountAsync(
            $"SELECT id FROM pipeline.views WHERE dataset = '{Sample.ByChunk}' AND name = '{Sample.ViewOfAll}' AND dropped_at IS NULL");
        List<string> groups = await ReadAsync($"SELECT row_to_json(v)::text FROM pipeline.view_{view} v", reader => reader.GetString(0));
        long since = TimeProvider.System.GetTimestamp();
        while (!_view.Groups.SetEquals(groups))
        {
            if (TimeProvider.System.GetElapsedTime(since) > AgeMax)
            {
                return [$"whoever follows a view knows {_view.Groups.Except(groups).Count()} of {groups.Count} groups otherwise than they are"];
            }

            await Task.Delay(Pause, TimeProvider.System, _stop.Token);
        }

        return [];
    }

    private async Task<IReadOnlyList<string>> DeliveredAsync()
    {
        const string Of = "webhook = (SELECT id FROM pipeline.webhooks WHERE name = 'told')";
        const string MakeDue = $"UPDATE pipeline.deliveries SET next_at = now() WHERE state = 'pending' AND {Of}";
        long since = TimeProvider.System.GetTimestamp();
        long? due = null;
        while (await CountAsync($"SELECT count(*) FROM pipeline.deliveries WHERE state <> 'delivered' AND {Of}") is > 0 and long left)
        {
            if (TimeProvider.System.GetElapsedTime(since) > AgeMax)
            {
                return [$"{left} deliveries do not come to their end"];
            }

            // What was not answered well, or is in the hands of a process that has died, is tried again much later.
            if (due is not { } last || TimeProvider.System.GetElapsedTime(last) > DuePause)
            {
                await using NpgsqlCommand make = _server.DataSource.CreateCommand(MakeDue);
                await make.ExecuteNonQueryAsync(_stop.Token);
                due = TimeProvider.System.GetTimestamp();
            }

            await Task.Delay(Pause, TimeProvider.System, _stop.Token);
        }

        List<(string Id, string Position)> sent = await ReadAsync(
            $"SELECT id::text, position::text FROM pipeline.deliveries WHERE {Of}", reader => (reader.GetString(0), reader.GetString(1)));
        Delivered[] received = [.. _receiver.Received];
        HashSet<(string, string)> came = [.. received.Select(one => (one.Id, (string)one.Event["position"]!))];
        string secret = $"whsec_{Convert.ToBase64String(_secret)}";
        return
        [
            .. sent.Where(one => !came.Contains(one)).Select(one => $"event {one.Position} was marked as delivered under {one.Id} and has not come"),
            .. came.Except(sent.Select(one => (one.Id, one.Position))).Select(one => $"{one} was delivered and is no delivery"),
            .. received.Where(one => !one.IsSignedWith(secret)).Select(one => $"delivery {one.Id} is not signed"),
        ];
    }

    /// <summary>Follows the log of all, until it is told to stop.</summary>
    private async Task FollowAsync()
    {
        int turn = 0;
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                await ListenAsync(_field.AddressOf(turn++));
            }
            catch (Exception e) when (e is HttpRequestException or IOException or SocketException or OperationCanceledException)
            {
                // It has died, or was told to end.
            }

            await Task.Delay(Pause, TimeProvider.System, CancellationToken.None);
        }
    }

    private async Task ListenAsync(Uri instance)
    {
        using HttpRequestMessage request = new(HttpMethod.Get, new Uri(instance, "/v1/events?after=0"));
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("text/event-stream"));
        FieldKeys.Authorize(request, GuardedService.AdminKey);
        if (_head > 0)
        {
            request.Headers.Add("Last-Event-ID", _head.ToString(CultureInfo.InvariantCulture));
        }

        HttpResponseMessage response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, _stop.Token);
        if (!response.IsSuccessStatusCode)
        {
            response.Dispose();
            return;
        }

        _streams++;
        using SseClient stream = new(response, new StreamReader(await response.Content.ReadAsStreamAsync(_stop.Token)));
        while (await stream.NextAsync().WaitAsync(_stop.Token) is { } one)
        {
            _heard.Enqueue(one);
            Volatile.Write(ref _head, one.Id ?? _head);
        }
    }

    private async Task RegisterAsync()
    {
        await using NpgsqlCommand command = _server.DataSource.CreateCommand("""
            INSERT INTO pipeline.webhooks (id, name, url, owner_datasets, created_by, created_at, updated_at, headers, secret)
            VALUES (gen_random_uuid(), 'told', $1, '{*}', 'test', now(), now(), '\x007b7d', '\x00'::bytea || $2)
            """);
        command.Parameters.Add(new NpgsqlParameter { Value = $"{_receiver.Address}/told" });
        command.Parameters.Add(new NpgsqlParameter { Value = _secret });
        await command.ExecuteNonQueryAsync(_stop.Token);
    }

    private async Task<long> CountAsync(string sql)
    {
        await using NpgsqlCommand command = _server.DataSource.CreateCommand(sql);
        return (long)(await command.ExecuteScalarAsync(_stop.Token))!;
    }

    private async Task<List<T>> ReadAsync<T>(string sql, Func<NpgsqlDataReader, T> read)
    {
        List<T> rows = [];
        await using NpgsqlCommand command = _server.DataSource.CreateCommand(sql);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(_stop.Token);
        while (await reader.ReadAsync(_stop.Token))
        {
            rows.Add(read(reader));
        }

        return rows;
    }
}
