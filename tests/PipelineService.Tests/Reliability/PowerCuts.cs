using System.Globalization;
using System.Text;
using Npgsql;
using PipelineService.Hosting.Embedded;
using PipelineService.Hosting.Startup;

namespace PipelineService.Tests.Reliability;

/// <summary>
/// Cycles of: clients send uploads; at a random instant the power of the disk that holds both database and spool is cut; on
/// what that leaves, PostgreSQL and the service are started again; everything that was answered before must be there, and
/// come out right.
/// </summary>
/// <param name="seed">Chooses uploads and instants.</param>
/// <param name="serverSettings">Of PostgreSQL; by default it flushes as in production.</param>
/// <param name="preload">A library that the service is started under, in place of the system's own calls.</param>
internal sealed class PowerCuts(
    int seed, IReadOnlyDictionary<string, string>? serverSettings = null, string? preload = null) : IAsyncDisposable
{
    private static readonly TimeSpan CycleAgeMax = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan InstantMax = TimeSpan.FromMilliseconds(900);
    private static readonly TimeSpan RecoveryInstantMax = TimeSpan.FromMilliseconds(2500);
    private static readonly int[] Sizes = [0, 1, 50, 300, 1_000, 5_000, 20_000];

    /// <summary>What the write sessions are doing.</summary>
    private const string Sessions = """
        SELECT DISTINCT CASE state WHEN 'active' THEN 'in ' || split_part(trim(leading FROM query), ' ', 1) ELSE 'between statements' END
        FROM pg_stat_activity WHERE application_name LIKE 'pipeline job %' AND state <> 'idle'
        """;

    private readonly Random _random = new(seed);
    private readonly Answers _answers = new();
    private readonly SortedDictionary<string, int> _stages = [];
    private readonly List<Task> _clients = [];
    private readonly List<string> _faults = [];
    private readonly int _port = ServiceProcess.FreePort();
    private readonly CancellationTokenSource _timeout = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
    private CuttableDisk? _disk;
    private Server? _server;
    private ServiceProcess? _service;
    private Sender? _sender;
    private int _sent;
    private int _cuts;
    private int _recoveriesCut;
    private int _owedBySpool;
    private int _owedByDatabase;
    private int _unanswered;
    private long _records;

    private string Spool => Path.Combine(_disk!.Path, "spool");

    /// <returns>What is not as it must be; empty when all cuts went well.</returns>
    /// <exception cref="DiskUnavailableException">This machine cannot mount the disk.</exception>
    public async Task<IReadOnlyList<string>> RunAsync(int cuts)
    {
        await StartAsync();
        while (_cuts < cuts && _faults.Count == 0)
        {
            _timeout.CancelAfter(CycleAgeMax);
            try
            {
                await RunCycleAsync(cuts);
            }
            catch (Exception fault) when (fault is StartupException or NpgsqlException)
            {
                _faults.Add(fault.Message); // PostgreSQL does not start on what is left, or cannot read it
            }
            catch (OperationCanceledException) when (!TestContext.Current.CancellationToken.IsCancellationRequested)
            {
                Assert.Fail($"Not everything became final in time: {this}\n{_service?.Log}");
            }

            TestContext.Current.SendDiagnosticMessage("power cuts: {0}", this);
        }

        return _faults.Count == 0 ? [] : [$"seed {seed}, cut {_cuts}", .. _faults, _service?.Log ?? ""];
    }

    /// <summary>For the results file: one line of a table.</summary>
    public override string ToString()
    {
        StringBuilder line = new();
        line.Append(CultureInfo.InvariantCulture, $"| {seed} | {_cuts} | {_recoveriesCut} | {_sent} | {_answers.Accepted.Count} | {_records} ");
        line.Append(CultureInfo.InvariantCulture, $"| {_owedBySpool} | {_owedByDatabase} | {_unanswered} | ");
        line.AppendJoin(", ", _stages.Select(s => $"{s.Key} {s.Value}"));
        return line.Append(CultureInfo.InvariantCulture, $" | {_faults.Count} |").ToString();
    }

    public async ValueTask DisposeAsync()
    {
        await _timeout.CancelAsync();
        await Task.WhenAll(_clients).ContinueWith(static _ => { }, TaskScheduler.Default);
        try
        {
            await (_service?.DisposeAsync() ?? ValueTask.CompletedTask);
            await (_server?.AbandonAsync() ?? Task.CompletedTask);
        }
        finally
        {
            await (_disk?.DisposeAsync() ?? ValueTask.CompletedTask);
        }

        _sender?.Dispose();
        _answers.Dispose();
        _timeout.Dispose();
    }

    /// <summary>
    /// The disk with an empty database and the datasets on it. Those that do not flush get it flushed: it is later losses that
    /// are looked for, not a database that was never there.
    /// </summary>
    private async Task StartAsync()
    {
        _timeout.CancelAfter(CycleAgeMax);
        _disk = await CuttableDisk.CreateAsync(_timeout.Token);
        _server = await StartServerAsync();
        await StartServiceAsync();
        await _service!.WaitUntilReadyAsync(_timeout.Token);
        _sender = new Sender(_port);
        await _sender.DeclareAsync(_timeout.Token);
        await using NpgsqlCommand command = _server.DataSource.CreateCommand($"{Sample.EmptyTables}; CHECKPOINT");
        await command.ExecuteNonQueryAsync(_timeout.Token);
        if (serverSettings is not null || preload is not null)
        {
            await _disk.FlushAsync(_timeout.Token);
        }
    }

    private async Task RunCycleAsync(int cuts)
    {
        string[] datasets = [.. Sample.Independent];
        for (int upload = _random.Next(3, 8); upload > 0; upload--)
        {
            int records = Sizes[_random.Next(Sizes.Length)];
            string dataset = datasets[_random.Next(datasets.Length)];
            records = dataset == Sample.Strict ? records + 50 : records;
            _records += records;
            var sample = Sample.Make(dataset, string.Create(CultureInfo.InvariantCulture, $"power-{seed}-{++_sent}"), records);
            _clients.Add(Task.Run(() => SendAsync(sample), _timeout.Token));
        }

        await Task.Delay(InstantMax * _random.NextDouble(), TimeProvider.System, _timeout.Token);
        await NoteSessionsAsync();
        await CutAsync();
        while (_faults.Count == 0 && _cuts < cuts && _random.Next(3) == 0)
        {
            await StartServiceAsync();
            Task<bool> ready = _service!.WaitUntilReadyAsync(_timeout.Token);
            await Task.WhenAny(ready, Task.Delay(RecoveryInstantMax * _random.NextDouble(), TimeProvider.System, _timeout.Token));
            _recoveriesCut++;
            await CutAsync();
            await ready;
        }

        if (_faults.Count == 0)
        {
            await StartServiceAsync();
            await Task.WhenAll(_clients).WaitAsync(_timeout.Token);
            _clients.Clear();
            _faults.AddRange(await Invariants.CheckAsync(_server!.DataSource, Spool, _answers.Accepted, _timeout.Token));
        }
    }

    /// <summary>A client: sends until it is answered, then asks until the job is final. After a cut it goes on where it was.</summary>
    private async Task SendAsync(Sample sample)
    {
        Guid? job = null;
        for (bool isFinal = false; !isFinal;)
        {
            Answers.Era era = _answers.Now;
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(era.Over, _timeout.Token);
            try
            {
                if (job is null)
                {
                    Guid answered = await _sender!.SendAsync(sample, stop.Token);
                    job = _answers.TryAccept(era, answered, sample) ? answered : null;
                }

                if (job is { } id)
                {
                    await _sender!.WaitUntilFinalAsync(id, stop.Token);
                    isFinal = _answers.TryEnd(era, id);
                }
            }
            catch (OperationCanceledException) when (!_timeout.IsCancellationRequested)
            {
                // The power was cut; the next request waits for the service to be back.
            }
        }
    }

    private async Task CutAsync()
    {
        _answers.Stop();
        await _disk!.CutAsync(_timeout.Token);
        _cuts++;
        _owedBySpool += _answers.AcceptedNotFinal;
        _owedByDatabase += _answers.Final.Count;
        _unanswered += _clients.Count(client => !client.IsCompleted) - _answers.AcceptedNotFinal;

        await _service!.KillAsync();
        await _server!.AbandonAsync();
        _server = null;
        await _answers.GoOnAsync();
        await _disk.RestoreAsync(_timeout.Token);

        _server = await StartServerAsync();
        _faults.AddRange(await Aftermath.CheckAsync(_server.DataSource, Spool, _answers, Count, _timeout.Token));
    }

    private Task<Server> StartServerAsync() => Server.StartAsync(new EmbeddedPostgresSettings
    {
        Directory = Path.Combine(_disk!.Path, "database"),
        ConnectionsMax = 60,
        ServerSettings = new Dictionary<string, string>(serverSettings ?? new Dictionary<string, string>())
        {
            ["max_wal_size"] = "256MB", // the disk is small
        },
    });

    private async Task StartServiceAsync()
    {
        await (_service?.DisposeAsync() ?? ValueTask.CompletedTask);
        _service = ServiceProcess.Start(
            _server!.ConnectionString, Spool, _port, preload is null ? [] : [("LD_PRELOAD", preload)]);
    }

    private async Task NoteSessionsAsync()
    {
        await using NpgsqlCommand command = _server!.DataSource.CreateCommand(Sessions);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(_timeout.Token);
        while (await reader.ReadAsync(_timeout.Token))
        {
            Count($"session {reader.GetString(0)}");
        }
    }

    private void Count(string stage) => _stages[stage] = _stages.GetValueOrDefault(stage) + 1;
}
