using System.Globalization;
using System.Text;
using Npgsql;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Reliability;

/// <summary>
/// Cycles of: clients send uploads of many sizes in both commit policies to instances that share a database and a spool; at
/// a random instant something dies; what died is started again; everything must come out right. The datasets are those of two
/// tenants, whose keys have limits; one asks a service that is away or wrong now and then, one is fed by a folder, too. All have views, some a
/// profile, and somebody listens to what happens. Beside them a second database is loaded, and somebody alters, locks and drops one of
/// the tables.
/// </summary>
/// <param name="seed">Chooses uploads, faults and instants.</param>
/// <param name="instances">1, or 2 of which either may die.</param>
internal sealed class Torture(int seed, int instances) : IAsyncDisposable
{
    /// <summary>Of which the most is starts, on a machine with much else to do.</summary>
    public static readonly TimeSpan CycleAgeMax = TimeSpan.FromMinutes(10);

    private static readonly TimeSpan InstantMax = TimeSpan.FromMilliseconds(900);
    private static readonly TimeSpan StallTime = TimeSpan.FromSeconds(1);
    private static readonly SampleForm[] Forms = Enum.GetValues<SampleForm>();
    private static readonly int[] Sizes = [0, 1, 49, 50, 300, 1_000, 5_000, 20_000];

    /// <summary>What goes on at the instant of the fault, seen from the database.</summary>
    private const string Stages = """
        SELECT state FROM pipeline.jobs WHERE finished_at IS NULL
        UNION SELECT split_part(trim(leading FROM query), ' ', 1) FROM pg_stat_activity
            WHERE application_name LIKE 'pipeline job %' AND state = 'active'
        """;

    /// <summary>
    /// A cycle's uploads may well exceed the quota: then they are refused with 507 and sent again. What jobs add to views is put together
    /// soon.
    /// </summary>
    private static readonly (string, string)[] Settings =
        [("Spool__QuotaBytes", "2000000"), ("Datasets__ViewFoldAfter", "00:01:00"), .. Listeners.Settings];

    /// <summary>How the service is that is asked while the fault strikes; then it is well again.</summary>
    private static readonly string[] Moods = ["well", "well", "away", "garbage", "few ids"];

    private static readonly Stage[] Aims =
        [Stage.Any, Stage.Any, Stage.Any, Stage.Receiving, Stage.Sealing, Stage.InCopy, Stage.InCommit, Stage.Committing, Stage.Committing,
         Stage.Folding];

    private readonly Random _random = new(seed);
    private readonly SortedDictionary<string, int> _faults = [];
    private readonly SortedDictionary<Stage, int> _stages = [];
    private readonly StubService _asked = new(ServiceProcess.FreePort());
    private Server? _server;
    private TcpProxy? _proxy;
    private Field? _field;
    private Neighbour? _neighbour;
    private Listeners? _listeners;
    private long _records;
    private int _cycles;
    private int _brokenOff;
    private int _undone;

    /// <returns>What is not as it must be; empty when all cycles went well.</returns>
    public async Task<IReadOnlyList<string>> RunAsync(int cycles, TimeSpan ageMax)
    {
        _server = await Server.StartAsync();
        _proxy = new TcpProxy(_server.ConnectionString);
        _field = new Field(
            _proxy.ConnectionString, _server.DataSource, $"torture-{seed}", instances, new FieldKeys(), _asked.Address, Sample.ByChunk)
        {
            AgeMax = CycleAgeMax,
        };
        await _field.StartAsync("", Settings);
        for (int other = 1; other < instances; other++)
        {
            await StartServiceAsync(other);
        }

        _listeners = await Listeners.StartAsync(_server, _field, seed);
        _neighbour = await Neighbour.StartAsync(_server, seed);
        long started = TimeProvider.System.GetTimestamp();
        while (_cycles < cycles && TimeProvider.System.GetElapsedTime(started) < ageMax)
        {
            IReadOnlyList<string> faults = await RunCycleAsync(_server, _proxy, _field, _neighbour, _listeners);
            if (faults.Count > 0)
            {
                return [.. faults.Prepend($"seed {seed}, cycle {_cycles + 1}"), _field.Log];
            }

            _cycles++;
            TestContext.Current.SendDiagnosticMessage("torture: {0}", this);
        }

        return [];
    }

    /// <summary>For the results file: one line of a table.</summary>
    public override string ToString()
    {
        StringBuilder line = new();
        line.Append(
            CultureInfo.InvariantCulture, $"| {seed} | {instances} | {_cycles} | {_field?.Accepted.Count ?? 0} + {_brokenOff} + {_neighbour?.Accepted ?? 0} | {_records} | ");
        line.AppendJoin(", ", _faults.Select(f => $"{f.Key} {f.Value}"));
        line.Append(CultureInfo.InvariantCulture, $" | {_undone} | {_listeners?.Counts.Deliveries} + {_listeners?.Counts.Streams}");
        line.Append(" | ").AppendJoin(" | ", Enum.GetValues<Stage>()[1..].Select(s => _stages.GetValueOrDefault(s)));
        line.Append(" | ").AppendJoin(", ", (_field?.Sender.Refusals ?? []).Select(r => $"{r.Key}: {r.Value}"));
        return line.Append(" |").ToString();
    }

    public async ValueTask DisposeAsync()
    {
        await (_listeners?.DisposeAsync() ?? ValueTask.CompletedTask);
        await (_neighbour?.DisposeAsync() ?? ValueTask.CompletedTask);
        await (_field?.DisposeAsync() ?? ValueTask.CompletedTask);
        await (_proxy?.DisposeAsync() ?? ValueTask.CompletedTask);
        await (_server?.DisposeAsync() ?? ValueTask.CompletedTask);
        await _asked.DisposeAsync();
    }

    private async Task<IReadOnlyList<string>> RunCycleAsync(
        Server server, TcpProxy proxy, Field field, Neighbour neighbour, Listeners listeners)
    {
        field.Extend();
        Guid[] ended = [.. field.Accepted.Keys];
        Stage aim = Aims[_random.Next(Aims.Length)];
        if (aim == Stage.Folding || _random.Next(3) == 0)
        {
            await field.AgeAsync();
        }

        await using UnstableTable unstable = new(server.DataSource, _random.Next());
        unstable.Begin();
        _ = neighbour.Send(_random);
        string[] datasets = [.. Sample.Independent.Where(dataset => dataset != Sample.Corrected)];
        for (int upload = _random.Next(2, 7); upload > 0; upload--)
        {
            int records = Sizes[_random.Next(Sizes.Length)];
            string dataset = datasets[_random.Next(datasets.Length)];
            _ = field.SendAs(Forms[_random.Next(Forms.Length)], dataset, dataset == Sample.Strict ? records + 50 : records);
            _records += records;
        }

        if (_random.Next(2) == 0)
        {
            _ = field.SendCorrected(Sizes[_random.Next(3, 6)]);
        }

        if (_random.Next(2) == 0)
        {
            _ = field.SendLookedUp(Sizes[_random.Next(1, 6)]);
        }

        _asked.Mood = Moods[_random.Next(Moods.Length)];
        if (_random.Next(2) == 0)
        {
            _ = field.Send(Sample.Asking, Sizes[_random.Next(1, 5)]);
        }

        if (_random.Next(2) == 0)
        {
            _ = field.BreakOff(datasets[_random.Next(2)], Sizes[_random.Next(4, Sizes.Length)]);
            _brokenOff++;
        }

        if (_random.Next(2) == 0)
        {
            _ = field.Drop(Sizes[_random.Next(1, 6)]);
        }

        if (_random.Next(3) > 0)
        {
            _undone += field.Undo(_random, ended) is null ? 0 : 1;
        }

        int kind = aim is Stage.Receiving or Stage.Sealing ? 0 : _random.Next(6);
        HashSet<Stage> hit = [];
        IReadOnlyList<string> seen = [];
        bool holds = _random.Next(2) == 0;
        if (aim == Stage.Any)
        {
            await Task.Delay(InstantMax * _random.NextDouble(), TimeProvider.System, field.Token);
            seen = await field.LookAsync(_random);
            hit.UnionWith(await StagesAsync(server, field));
        }
        else if (await Aim.TakeAsync(aim, holds, proxy, field.Spool, field.Token))
        {
            hit.Add(aim);
            seen = holds ? await field.LookAsync(_random) : [];
        }

        Task striking = StrikeAsync(kind, server, proxy, field, hit);
        proxy.Lay(ambush: null);
        await striking;
        foreach (Stage stage in hit)
        {
            Count(_stages, stage);
        }

        _asked.Mood = "well";
        await unstable.SettleAsync(field.Token);
        IReadOnlyList<string> intrusion = _random.Next(4) == 0 ? await neighbour.IntrudeAsync(field.Spool) : [];
        return
        [
            .. seen, .. intrusion, .. await field.EndAsync(), .. await listeners.EndAsync(), .. await field.SeenByOthersAsync(),
            .. await neighbour.EndAsync(),
        ];
    }

    private async Task StrikeAsync(int kind, Server server, TcpProxy proxy, Field field, HashSet<Stage> hit)
    {
        switch (kind)
        {
            case 0:
                Count(_faults, instances == 1 ? "service killed" : "one instance killed");
                await KillAsync([_random.Next(instances)], server, field, hit);
                break;
            case 1:
                Count(_faults, instances == 1 ? "service killed" : "all instances killed");
                await KillAsync([.. Enumerable.Range(0, instances)], server, field, hit);
                break;
            case 2:
                Count(_faults, "PostgreSQL killed");
                await server.KillAsync();
                await server.RestartAsync();
                break;
            case 3:
                Count(_faults, "PostgreSQL stopped at once");
                await server.StopImmediatelyAsync();
                await server.RestartAsync();
                break;
            case 4:
                Count(_faults, "connections reset");
                proxy.ResetAll();
                break;
            default:
                Count(_faults, "connections stalled, then reset");
                proxy.Stall();
                await Task.Delay(StallTime, TimeProvider.System, field.Token);
                proxy.ResetAll();
                proxy.Resume();
                break;
        }
    }

    private async Task KillAsync(int[] victims, Server server, Field field, HashSet<Stage> hit)
    {
        await Task.WhenAll(victims.Select(victim => field.Instance(victim).KillAsync()));
        if (victims.Length == instances)
        {
            hit.UnionWith(await StagesAsync(server, field)); // all is as it was when they died
        }

        while (_random.Next(3) == 0)
        {
            Count(_faults, "killed while it recovers");
            Count(_stages, Stage.Recovering);
            Task ready = StartServiceAsync(victims[0]);
            await Task.WhenAny(ready, Task.Delay(InstantMax * 3 * _random.NextDouble(), TimeProvider.System, field.Token));
            await field.Instance(victims[0]).KillAsync();
            await ready;
        }

        await Task.WhenAll(victims.Select(StartServiceAsync));
    }

    private Task StartServiceAsync(int instance) => _field!.StartInstanceAsync(instance, "", Settings);

    private static async Task<HashSet<Stage>> StagesAsync(Server server, Field field)
    {
        HashSet<Stage> stages = [];
        await using NpgsqlCommand command = server.DataSource.CreateCommand(Stages);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(field.Token);
        while (await reader.ReadAsync(field.Token))
        {
            stages.Add(reader.GetString(0) switch
            {
                "running" => Stage.Running,
                "committing" => Stage.Committing,
                "COPY" => Stage.InCopy,
                "COMMIT" => Stage.InCommit,
                _ => Stage.Any,
            });
        }

        string[] files = [.. Directory.EnumerateFiles(field.Spool).Select(path => Path.GetFileName(path))];
        if (files.Any(f => f.EndsWith(".json.new", StringComparison.Ordinal)))
        {
            stages.Add(Stage.Sealing);
        }

        if (files.Any(f => Path.GetExtension(f) == ".data" && !files.Contains(Path.ChangeExtension(f, ".json"))))
        {
            stages.Add(Stage.Receiving);
        }

        stages.Remove(Stage.Any);
        return stages;
    }

    private static void Count<T>(SortedDictionary<T, int> counts, T what)
        where T : notnull => counts[what] = counts.GetValueOrDefault(what) + 1;
}
