using System.Collections.Concurrent;
using Npgsql;
using PipelineService.Hosting;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Reliability;

/// <summary>
/// Where a test of this folder takes place: one database, one spool, one service at a time, clients that go on sending,
/// and the memory of what they were answered.
/// </summary>
internal sealed class Field(string connectionString, NpgsqlDataSource dataSource, string name) : IAsyncDisposable
{
    private static readonly TimeSpan AgeMax = TimeSpan.FromMinutes(3);
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(50);

    private readonly TemporaryFolder _folder = new();
    private readonly CancellationTokenSource _timeout = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
    private readonly ConcurrentQueue<Task> _sending = new();
    private readonly ConcurrentDictionary<Guid, bool> _final = new();
    private ServiceProcess? _service;
    private bool _isDeclared;
    private int _sent;

    public Field(TestDatabase database, string name)
        : this(database.ConnectionString, database.DataSource, name)
    {
    }

    public int Port { get; } = ServiceProcess.FreePort();

    public Sender Sender => field ??= new Sender(Port);

    public ServiceProcess Service => _service ?? throw new InvalidOperationException("It was not started.");

    public string Spool => Path.Combine(_folder.Path, "spool");

    /// <summary>What was answered 202 or 200.</summary>
    public ConcurrentDictionary<Guid, Sample> Accepted { get; } = new();

    public CancellationToken Token => _timeout.Token;

    /// <summary>Starts a process, after the death of the one before, and waits until it is ready or has died.</summary>
    public async Task StartAsync(string faultPoints, params (string Name, string Value)[] settings)
    {
        Extend();
        if (!_isDeclared)
        {
            await DispatchAsync("", settings);
            await Sender.DeclareAsync(Token);
            await dataSource.ReloadTypesAsync(Token);
            await ClearAsync();
            _isDeclared = true;
        }

        await DispatchAsync(faultPoints, settings);
    }

    /// <summary>A new cycle has as much time again.</summary>
    public void Extend() => _timeout.CancelAfter(AgeMax);

    /// <summary>Sends one upload in the background.</summary>
    public Task Send(string dataset, int records)
    {
        var sample = Sample.Make(dataset, $"{name}-{Interlocked.Increment(ref _sent)}", records);
        Task sending = Task.Run(async () => Accepted[await Sender.SendAsync(sample, Token)] = sample, Token);
        _sending.Enqueue(sending);
        return sending;
    }

    /// <summary>Sends most of an upload in the background, lets it land in part where it does, and breaks it off.</summary>
    public Task BreakOff(string dataset, int records)
    {
        var sample = Sample.Make(dataset, $"{name}-broken-{Interlocked.Increment(ref _sent)}", records);
        var sending = Task.Run(() => Sender.BreakOffAsync(sample, HasLandedAsync, Token), Token);
        _sending.Enqueue(sending);
        return sending;
    }

    /// <summary>One upload in either commit policy, one that fails, and one that breaks off.</summary>
    public Task[] SendRound(int records) =>
    [
        Send(Sample.WholeJobs, records), Send(Sample.ByChunk, records), Send(Sample.Strict, records / 2),
        BreakOff(Sample.ByChunk, records * 3),
    ];

    /// <summary>Sends rounds until something has happened, or the service has died.</summary>
    public async Task SendUntilAsync(int records, int roundsMax, Func<ServiceProcess, bool> hasHappened)
    {
        Task died = Service.WaitForExitAsync(Token);
        for (int round = 0; round < roundsMax && !hasHappened(Service) && !died.IsCompleted; round++)
        {
            Task[] sent = SendRound(records);
            var over = Task.Run(
                async () =>
                {
                    await Task.WhenAll(sent);
                    await WaitUntilFinalAsync();
                },
                Token);
            while (!hasHappened(Service) && !died.IsCompleted && !over.IsCompleted)
            {
                await Task.WhenAny(over, died, Task.Delay(Poll, TimeProvider.System, Token));
            }
        }
    }

    /// <summary>Waits until every upload was answered and every job is final.</summary>
    public async Task WaitUntilFinalAsync()
    {
        await Task.WhenAll([.. _sending]);
        foreach (Guid id in Accepted.Keys.Except(_final.Keys).ToArray())
        {
            await Sender.WaitUntilFinalAsync(id, Token);
            _final[id] = true;
        }
    }

    /// <returns>What is not as it must be.</returns>
    public async Task<IReadOnlyList<string>> EndAsync()
    {
        try
        {
            await WaitUntilFinalAsync();
        }
        catch (OperationCanceledException) when (!TestContext.Current.CancellationToken.IsCancellationRequested)
        {
            Assert.Fail($"Not everything became final in time. The service's log:\n{Service.Log}");
        }

        return await Invariants.CheckAsync(dataSource, Spool, Accepted, TestContext.Current.CancellationToken);
    }

    public async Task EndWellAsync()
    {
        IReadOnlyList<string> faults = await EndAsync();
        Assert.True(faults.Count == 0, $"{string.Join('\n', faults)}\n{Service.Log}");
    }

    public async ValueTask DisposeAsync()
    {
        await _timeout.CancelAsync();
        await Task.WhenAll(_sending).ContinueWith(static _ => { }, TaskScheduler.Default);
        await (_service?.DisposeAsync() ?? ValueTask.CompletedTask);
        Sender.Dispose();
        _timeout.Dispose();
        _folder.Dispose();
    }

    /// <summary>Whether a chunk of an upload that still arrives is committed.</summary>
    private async Task<bool> HasLandedAsync()
    {
        const string Landed = """
            SELECT EXISTS (SELECT FROM pipeline.jobs j JOIN pipeline.job_chunks c ON c.job_id = j.id WHERE j.state = 'receiving')
            """;
        try
        {
            await using NpgsqlCommand command = dataSource.CreateCommand(Landed);
            return await command.ExecuteScalarAsync(Token) is true;
        }
        catch (NpgsqlException)
        {
            return false; // the database is away, for all that matters here
        }
    }

    private async Task DispatchAsync(string faultPoints, (string Name, string Value)[] settings)
    {
        await (_service?.DisposeAsync() ?? ValueTask.CompletedTask);
        _service = ServiceProcess.Start(connectionString, Spool, Port, [(FaultPoints.Variable, faultPoints), .. settings]);
        await _service.WaitUntilReadyAsync(Token);
    }

    /// <summary>Tests of one class share a database; each begins with empty tables.</summary>
    private async Task ClearAsync()
    {
        string tables = string.Join("; ", Sample.Definitions.Keys.Select(dataset =>
            $"""
            CREATE TABLE IF NOT EXISTS public.{dataset}
                (id bigint, amount bigint, note text, _job_id uuid, _record bigint);
            TRUNCATE public.{dataset}
            """));
        await using NpgsqlCommand command = dataSource.CreateCommand($"TRUNCATE pipeline.jobs CASCADE; {tables}");
        await command.ExecuteNonQueryAsync(Token);
    }
}
