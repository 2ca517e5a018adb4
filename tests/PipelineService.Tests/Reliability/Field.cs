using System.Collections.Concurrent;
using Npgsql;
using PipelineService.Hosting.FaultInjection;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Reliability;

/// <summary>
/// Where a test of this folder takes place: one database, one spool, one or more instances of the service, clients that go
/// on sending, and the memory of what they were answered.
/// </summary>
/// <param name="instances">How many the clients know; each is started by itself.</param>
/// <param name="keys">Whose its datasets are; null: nobody's, and there are no keys.</param>
/// <param name="askedAddress">Where the service is that one more dataset asks; null: there is none.</param>
/// <param name="watched">The dataset for whose uploads a folder is watched; null: none is.</param>
internal sealed class Field(
    string connectionString, NpgsqlDataSource dataSource, string name, int instances = 1, FieldKeys? keys = null, string? askedAddress = null,
    string? watched = null)
    : IAsyncDisposable
{
    private const string FolderName = "field";

    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(50);

    /// <summary>Datasets whose views are looked at while all goes on: all but the one whose table somebody else changes, which no view follows.</summary>
    private static readonly string[] LookedAt = [.. Sample.Definitions.Keys.Except([Sample.Unstable])];

    /// <summary>Whether all is there already, and nobody has to build a view.</summary>
    private static readonly string IsDeclaredSql = $"""
        SELECT (SELECT count(*) = {Sample.Definitions.Count} FROM pipeline.datasets)
            AND EXISTS (SELECT FROM pipeline.views) AND NOT EXISTS (SELECT FROM pipeline.views WHERE state = 'building')
        """;

    private readonly TemporaryFolder _folder = new();
    private readonly CancellationTokenSource _timeout = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
    private readonly ConcurrentQueue<Task> _sending = new();
    private readonly ConcurrentDictionary<Guid, bool> _final = new();
    private readonly int[] _ports = [.. Enumerable.Range(0, instances).Select(_ => ServiceProcess.FreePort())];
    private readonly ServiceProcess?[] _instances = new ServiceProcess?[instances];
    private readonly SemaphoreSlim _replacing = new(1);
    private (Guid Id, Sample Sample)? _lookedUp;
    private bool _isDeclared;
    private int _sent;

    public Field(TestDatabase database, string name)
        : this(database.ConnectionString, database.DataSource, name)
    {
    }

    /// <summary>How long a cycle, or a test that has no cycles, may take.</summary>
    public TimeSpan AgeMax { get; init; } = TimeSpan.FromMinutes(3);

    /// <summary>Of the first instance.</summary>
    public int Port => _ports[0];

    public Uri Address => ServiceProcess.AddressOf(Port);

    /// <summary>Of one of the instances, by turns.</summary>
    public Uri AddressOf(int turn) => ServiceProcess.AddressOf(_ports[turn % _ports.Length]);

    public Sender Sender => field ??= new Sender(_ports, keys);

    /// <summary>The first instance, which most tests have alone.</summary>
    public ServiceProcess Service => Instance(0);

    /// <summary>What all instances have said since they were last started.</summary>
    public string Log => string.Join('\n', _instances.Select((service, index) => $"instance {index}:\n{service?.Log}"));

    public string Spool => Path.Combine(_folder.Path, "spool");

    /// <summary>What was answered 202 or 200.</summary>
    public ConcurrentDictionary<Guid, Sample> Accepted { get; } = new();

    public CancellationToken Token => _timeout.Token;

    public ServiceProcess Instance(int index) => _instances[index] ?? throw new InvalidOperationException("It was not started.");

    /// <summary>Starts a process, after the death of the one before, and waits until it is ready or has died.</summary>
    public async Task StartAsync(string faultPoints, params (string Name, string Value)[] settings)
    {
        Extend();
        if (!_isDeclared)
        {
            if (!await AskAsync<bool>(IsDeclaredSql))
            {
                await StartInstanceAsync(0, "", settings);
                await Sender.DeclareAsync(Token, hasService: askedAddress is not null);
            }

            await dataSource.ReloadTypesAsync(Token);
            await ClearAsync();
            await (watched is null ? Task.CompletedTask : Sender.WatchAsync(watched, FolderName, Token));
            _isDeclared = true;
        }

        await StartInstanceAsync(0, faultPoints, settings);
    }

    /// <inheritdoc cref="StartAsync"/>
    public async Task StartInstanceAsync(int index, string faultPoints, params (string Name, string Value)[] settings)
    {
        await (_instances[index]?.DisposeAsync() ?? ValueTask.CompletedTask);
        ServiceProcess started = _instances[index] = ServiceProcess.Start(
            connectionString, Spool, _ports[index],
            [(FaultPoints.Variable, faultPoints), ("Datasets__ModelsKeptMax", "0"), .. OwnSettings, .. settings]);
        bool isReady = await started.WaitUntilReadyAsync(Token);
        Assert.True(isReady || faultPoints.Length > 0 || started.WasKilled, $"The service does not start:\n{started.Log}");
    }

    private string Watched => Path.Combine(_folder.Path, "watched");

    /// <summary>What its keys, the service that is asked and the folder that is watched need.</summary>
    private IEnumerable<(string Name, string Value)> OwnSettings
    {
        get
        {
            if (keys is not null)
            {
                yield return FieldKeys.Setting;
            }

            if (askedAddress is not null)
            {
                yield return ("Enrich__Services__geo__Url", askedAddress);
                yield return ("Enrich__Services__geo__PerSecond", "10000");
            }

            if (watched is not null)
            {
                yield return ($"Sources__Folders__{FolderName}", Directory.CreateDirectory(Watched).FullName);
                yield return ("Sources__PollInterval", "00:00:00.5");
            }
        }
    }

    /// <summary>A new cycle has as much time again.</summary>
    public void Extend() => _timeout.CancelAfter(AgeMax);

    /// <summary>Sends one upload in the background: CSV, or every other time an array of JSON.</summary>
    /// <param name="isJson">Which of both, where that matters.</param>
    public Task Send(string dataset, int records, bool? isJson = null)
    {
        int number = Interlocked.Increment(ref _sent);
        var sample = Sample.Make(dataset, $"{name}-{number}", records, isJson ?? number % 2 == 0);
        Task sending = Task.Run(async () => Accepted[await Sender.SendAsync(sample, Token)] = sample, Token);
        _sending.Enqueue(sending);
        return sending;
    }

    /// <summary>Sends one upload in the background, in a form in which clients send.</summary>
    public Task SendAs(SampleForm form, string dataset, int records)
    {
        Sample sample = Sample.Make(dataset, $"{name}-{Interlocked.Increment(ref _sent)}", records, form == SampleForm.Json).As(form);
        var sending = Task.Run(async () => Accepted[await Sender.SendAsync(sample, Token)] = sample, Token);
        _sending.Enqueue(sending);
        return sending;
    }

    /// <summary>Puts an upload into the folder that is watched, and waits in the background until it was taken.</summary>
    public Task Drop(int records)
    {
        string file = $"{Interlocked.Increment(ref _sent)}.csv";
        var sample = Sample.Make(watched!, $"{name}-{file}", records);
        var taking = Task.Run(
            async () =>
            {
                string hidden = Path.Combine(_folder.Path, file);
                await File.WriteAllBytesAsync(hidden, sample.Body, Token);
                File.Move(hidden, Path.Combine(Watched, file));
                Guid? taken;
                while ((taken = await AskAsync<Guid?>($"SELECT job_id FROM pipeline.source_objects WHERE object = '{file}'")) is null)
                {
                    await Task.Delay(Poll, TimeProvider.System, Token);
                }

                Sender.Know(taken.Value, watched!);
                Accepted[taken.Value] = sample;
            },
            Token);
        _sending.Enqueue(taking);
        return taking;
    }

    /// <summary>Has the rows of an upload of an earlier cycle removed in the background, or sends another in its place.</summary>
    /// <param name="ended">Those of which it may be.</param>
    public Task? Undo(Random random, IReadOnlyCollection<Guid> ended)
    {
        Guid[] there =
        [
            .. ended.Where(id => Accepted[id] is { IsReplaced: false, Fails: false, MayFail: false, Loaded: > 0 } sample
                && (sample.Dataset == Sample.Asking || Sample.Independent.Contains(sample.Dataset))).Order(),
        ];
        if (there.Length == 0)
        {
            return null;
        }

        Guid undone = there[random.Next(there.Length)];
        Sample old = Accepted[undone];
        Sample? other = random.Next(2) == 0
            ? Sample.Make(old.Dataset, $"{name}-{Interlocked.Increment(ref _sent)}-instead", random.Next(1, 1_000))
            : null;
        var undoing = Task.Run(
            async () =>
            {
                if (other is null)
                {
                    await Sender.RevertAsync(undone, Token);
                }
                else
                {
                    Guid id = await Sender.SendAsync(other, Token, replaces: undone);
                    Accepted[id] = other;
                    await Sender.WaitUntilFinalAsync(id, Token);
                }

                Accepted[undone] = old with { IsReplaced = true };
            },
            Token);
        _sending.Enqueue(undoing);
        return undoing;
    }

    /// <summary>As if the jobs that have ended had done so a day ago: what they add to views is put together from now on.</summary>
    public async Task AgeAsync()
    {
        const string Age = """
            UPDATE pipeline.jobs SET created_at = created_at - interval '1 day', received_at = received_at - interval '1 day',
                started_at = started_at - interval '1 day', finished_at = finished_at - interval '1 day'
            WHERE finished_at > now() - interval '1 hour'
            """;
        await using NpgsqlCommand command = dataSource.CreateCommand(Age);
        await command.ExecuteNonQueryAsync(Token);
    }

    /// <summary>Compares a view with its table, whatever is going on, in one snapshot.</summary>
    /// <returns>What is not as it must be.</returns>
    public async Task<IReadOnlyList<string>> LookAsync(Random random)
    {
        string dataset = LookedAt[random.Next(LookedAt.Length)];
        long? differences =
            await AskAsync<long?>($"SELECT id FROM pipeline.views WHERE dataset = '{dataset}' AND name = '{Sample.ViewOfAll}'") is { } id
                ? await AskAsync<long?>($"SET lock_timeout = '500ms'; {Invariants.DifferencesOf(id, Sample.QueryOf(dataset, Sample.ViewOfAll))}")
                : null;
        return differences > 0 ? [$"{differences} groups of the view of {dataset} differed from its table in the midst of it all"] : [];
    }

    /// <summary>
    /// Sends in the background an upload that is kept, then another in its place, and has that one loaded again.
    /// </summary>
    public Task SendCorrected(int records)
    {
        int number = Interlocked.Increment(ref _sent);
        var wrong = Sample.Make(Sample.Corrected, $"{name}-{number}-wrong", records);
        var right = Sample.Make(Sample.Corrected, $"{name}-{number}-right", records + 1);
        var sending = Task.Run(
            async () =>
            {
                Guid first = await EndAsync(await Sender.SendAsync(wrong, Token), wrong);
                Guid second = await EndAsync(await Sender.SendAsync(right, Token, replaces: first), right);
                Accepted[first] = wrong with { IsReplaced = true };
                if (await Sender.RerunAsync(second, Token) is { } third)
                {
                    await EndAsync(third, right);
                    Accepted[second] = right with { IsReplaced = true };
                }
            },
            Token);
        _sending.Enqueue(sending);
        return sending;

        async Task<Guid> EndAsync(Guid id, Sample sample)
        {
            Accepted[id] = sample;
            await Sender.WaitUntilFinalAsync(id, Token);
            return id;
        }
    }

    /// <summary>
    /// Sends in the background an upload that takes the place of the one before, the model that scores, then another that looks it up: one after the other,
    /// because of two at once only the later would stay.
    /// </summary>
    public Task SendLookedUp(int records)
    {
        var sending = Task.Run(
            async () =>
            {
                await _replacing.WaitAsync(Token);
                try
                {
                    await ReplaceLookedUpAsync(records);
                    await Sender.PutModelAsync(Sample.ModelOf(0.5f), Token);
                    await SendLookingAsync(records);
                }
                finally
                {
                    _replacing.Release();
                }
            },
            Token);
        _sending.Enqueue(sending);
        return sending;
    }

    /// <summary>Sends an upload that takes the place of the one before, and waits for its end.</summary>
    /// <returns>What all of its rows say of it.</returns>
    public async Task<string> ReplaceLookedUpAsync(int records)
    {
        var rows = Sample.Make(Sample.LookedUp, $"{name}-{Interlocked.Increment(ref _sent)}-rows", records);
        Guid id = await Sender.SendAsync(rows, Token);
        Accepted[id] = rows;
        await Sender.WaitUntilFinalAsync(id, Token);
        if (_lookedUp is { } before)
        {
            Accepted[before.Id] = before.Sample with { IsReplaced = true };
        }

        _lookedUp = (id, rows);
        return rows.Key;
    }

    /// <summary>Sends an upload that looks the last one up, and waits for its end.</summary>
    public async Task SendLookingAsync(int records)
    {
        var looking = Sample.Make(Sample.Looking, $"{name}-{Interlocked.Increment(ref _sent)}-looking", records);
        Guid id = await Sender.SendAsync(looking, Token);
        Accepted[id] = looking;
        await Sender.WaitUntilFinalAsync(id, Token);
    }

    /// <summary>Sends most of an upload in the background, lets it land in part where it does, and breaks it off.</summary>
    public Task BreakOff(string dataset, int records)
    {
        var sample = Sample.Make(dataset, $"{name}-broken-{Interlocked.Increment(ref _sent)}", records);
        var sending = Task.Run(() => Sender.BreakOffAsync(sample, HasLandedAsync, Token), Token);
        _sending.Enqueue(sending);
        return sending;
    }

    /// <summary>
    /// One upload in either commit policy, one that fails, one that breaks off, those that take each other's place, one with transforms, and
    /// one that is looked up with one that looks it up.
    /// </summary>
    public Task[] SendRound(int records) =>
    [
        Send(Sample.WholeJobs, records), Send(Sample.ByChunk, records), Send(Sample.Strict, records / 2),
        BreakOff(Sample.ByChunk, records * 3), SendCorrected(records / 4), Send(Sample.Transformed, records / 2),
        SendLookedUp(records / 4),
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

    /// <summary>Waits until all that was sent in the background was answered.</summary>
    public Task WaitUntilAnsweredAsync() => Task.WhenAll([.. _sending]);

    /// <summary>Waits until every upload was answered and every job is final.</summary>
    public async Task WaitUntilFinalAsync()
    {
        await WaitUntilAnsweredAsync();
        foreach (Guid id in Accepted.Keys.Except(_final.Keys).ToArray())
        {
            await Sender.WaitUntilFinalAsync(id, Token);
            _final[id] = true;
        }
    }

    /// <summary>Looks as another tenant for the last jobs.</summary>
    /// <returns>Those that are seen.</returns>
    public async Task<IReadOnlyList<string>> SeenByOthersAsync()
    {
        const int Looks = 5;
        List<string> seen = [];
        foreach (Guid id in Accepted.Keys.OrderDescending().Take(Looks))
        {
            if (!await Sender.IsHiddenFromOthersAsync(id, Token))
            {
                seen.Add($"another tenant sees job {id}");
            }
        }

        return seen;
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
            Assert.Fail($"Not everything became final in time. The log:\n{Log}");
        }

        return await Invariants.CheckAsync(dataSource, Spool, Accepted, TestContext.Current.CancellationToken);
    }

    public async Task EndWellAsync()
    {
        IReadOnlyList<string> faults = await EndAsync();
        Assert.True(faults.Count == 0, $"{string.Join('\n', faults)}\n{Log}");
    }

    public async ValueTask DisposeAsync()
    {
        await _timeout.CancelAsync();
        await Task.WhenAll(_sending).ContinueWith(static _ => { }, TaskScheduler.Default);
        foreach (ServiceProcess? service in _instances)
        {
            await (service?.DisposeAsync() ?? ValueTask.CompletedTask);
        }

        Sender.Dispose();
        _replacing.Dispose();
        _timeout.Dispose();
        _folder.Dispose();
    }

    /// <summary>Whether a chunk of an upload that still arrives is committed.</summary>
    private Task<bool> HasLandedAsync() => AskAsync<bool>("""
        SELECT EXISTS (SELECT FROM pipeline.jobs j JOIN pipeline.job_chunks c ON c.job_id = j.id WHERE j.state = 'receiving')
        """);

    /// <returns>Nothing where the database is away, or does not answer that now.</returns>
    private async Task<T?> AskAsync<T>(string sql)
    {
        try
        {
            await using NpgsqlCommand command = dataSource.CreateCommand(sql);
            return await command.ExecuteScalarAsync(Token) is T answer ? answer : default;
        }
        catch (NpgsqlException)
        {
            return default;
        }
    }

    /// <summary>
    /// Tests of one class share a database; each begins with empty tables, and with a webhook that cannot be reached, since it is not at a
    /// public address: what is sent to it is tried all the same.
    /// </summary>
    private async Task ClearAsync()
    {
        // Whoever builds a view reads jobs behind its table, and these are emptied before the tables are.
        while (await AskAsync<bool>("SELECT EXISTS (SELECT FROM pipeline.views WHERE state = 'building')"))
        {
            await Task.Delay(Poll, TimeProvider.System, Token);
        }

        const string Webhook = """
            INSERT INTO pipeline.webhooks (id, name, url, owner_datasets, created_by, created_at, updated_at, headers, secret)
            VALUES (gen_random_uuid(), 'field', 'http://127.0.0.1:1/', '{*}', 'test', now(), now(), '\x007b7d', '\x00')
            ON CONFLICT DO NOTHING
            """;
        await using NpgsqlCommand command = dataSource.CreateCommand($"TRUNCATE pipeline.jobs CASCADE; {Invariants.EmptyFigures}; {Sample.EmptyTables}; {Webhook}");
        await command.ExecuteNonQueryAsync(Token);
    }
}
