using PipelineService.Benchmarks;
using PipelineService.Benchmarks.Bookkeeping;
using PipelineService.Benchmarks.Harness;
using PipelineService.Benchmarks.Loads;
using PipelineService.Benchmarks.Micro;

const string Usage = """
    dotnet run -c Release --project tests/PipelineService.Benchmarks -- <command> [options]

      generate      write trips to a file
                    --rows 3000000  --seed 1  --file trips.csv  --format csv|ndjson  --crlf
                    --type-errors 0.01  --rule-errors 0.01  --duplicates 0.01  --rejects expected.csv
      table         all that the service is held to in one run, with goals: the measures marked * and more
                    --rounds 3  --size 1 (0.01: a trial)
      load *        psql \copy and the service in turn, with the same records on the same server
                    --data trips|ndjson|wide  --rows 3000000  --rounds 5  --commit job,chunk  --lineage off|on|both
                    --compare once|always  --no-reference (without two binary \copy)
      concurrent *  several uploads at once against as many \copy at once
                    --rows 3000000  --uploads 8  --rounds 3
      transforms    the same load without transforms, with text ops, and with derived columns and a filter
                    --rows 3000000  --rounds 5
      lookup        the same load without a lookup, with one in memory, and with one that asks for each chunk
                    --rows 3000000  --keys 1000000  --rounds 5
      score         the same load with a column that is computed, and with one that a model gives
                    --rows 3000000  --trees 20  --depth 5  --rounds 5
      profile       the same load without a profile, with one, and with quality rules
                    --rows 3000000  --rounds 5
      views         the same load without a view, and with views of few and of many groups
                    --rows 3000000  --rounds 5
      attention     the same load by a process that nobody looks at, and with everything told to everybody
                    --rows 3000000  --rounds 5
      formats       the same trips as plain CSV, gzip, zstd, NDJSON, a JSON array, Parquet and Arrow
                    --rows 3000000  --rounds 5  --forms parquet,arrow (default: all)
      small *       uploads of 1 kB: how many a second, and from request to final job or to 202
                    --count 500  --bytes 1000  --connections 16  --rounds 4
      access        the same loads and small uploads without keys, and with a key, its tenant and its limits
                    --rows 3000000  --count 500  --connections 16  --rounds 5
      flood         thousands of uploads of 1 MB of one tenant: how long another's small ones take meanwhile
                    --uploads 5000  --connections 16
      memory        peak memory for a small and a large upload, made while it is sent
                    --rows 3000000,30000000  --type-errors 1 (share of bad records)
                    --forms all, or parquet,arrow: those forms, made before, and with who converts for the service
      rejects       throughput with bad records, and whether exactly those were rejected
                    --rows 1000000  --rounds 5
      bystander *   pgbench on other tables without and beside a load that is held open, and beside any open transaction
                    --chunks 2000  --seconds 8  --scale 20  --clients 4  --rounds 3
      claim *       how long a claim takes while many jobs wait
                    --jobs 100000  --claims 3000
      revert *      revert of a small job in a huge table
                    --rows 20000000  --job-rows 1000
      resume        SIGKILL in the middle of a load that commits each chunk: what is read again
                    --rows 27000000
      queue         SIGKILL and a start with many queued jobs: until it is ready, and in which memory
                    --jobs 1000
      micro         BenchmarkDotNet on the hot path; all other options go to BenchmarkDotNet

    For all but generate and micro:
      --before BUILD (measured in turn with this one, by commands that measure the same load)
      --service BUILD (instead of this work tree)
        where BUILD is a commit, or a folder with a published build
      --output DIR  --label NAME  --scratch DIR  --postgres "Host=…"
      --set Section__Name=value (configuration of the service; may be repeated)
    """;

if (args.Length == 0)
{
    Console.WriteLine(Usage);
    return 2;
}

try
{
    if (args[0] == "micro")
    {
        return MicroBenchmarks.Run(args[1..]);
    }

    var arguments = new Arguments(args.AsSpan(1));
    Task run = args[0] switch
    {
        "generate" => GenerateCommand.RunAsync(arguments),
        "table" => TableBenchmark.RunAsync(arguments),
        "load" => LoadBenchmark.RunAsync(arguments),
        "concurrent" => ConcurrentBenchmark.RunAsync(arguments),
        "transforms" => TransformsBenchmark.RunAsync(arguments),
        "lookup" => LookupBenchmark.RunAsync(arguments),
        "score" => ScoreBenchmark.RunAsync(arguments),
        "profile" => ProfileBenchmark.RunAsync(arguments),
        "views" => ViewBenchmark.RunAsync(arguments),
        "attention" => AttentionBenchmark.RunAsync(arguments),
        "formats" => FormatsBenchmark.RunAsync(arguments),
        "small" => SmallUploadsBenchmark.RunAsync(arguments),
        "access" => AccessBenchmark.RunAsync(arguments),
        "flood" => FloodBenchmark.RunAsync(arguments),
        "memory" => MemoryBenchmark.RunAsync(arguments),
        "rejects" => RejectsBenchmark.RunAsync(arguments),
        "bystander" => BystanderBenchmark.RunAsync(arguments),
        "claim" => ClaimBenchmark.RunAsync(arguments),
        "revert" => RevertBenchmark.RunAsync(arguments),
        "resume" => ResumeBenchmark.RunAsync(arguments),
        "queue" => QueueBenchmark.RunAsync(arguments),
        _ => throw new UsageException($"'{args[0]}' is no command.\n\n{Usage}"),
    };
    await run;
    return 0;
}
catch (UsageException error)
{
    await Console.Error.WriteLineAsync(error.Message);
    return 2;
}
catch (CheckFailedException error)
{
    await Console.Error.WriteLineAsync($"check failed: {error.Message}");
    return 1;
}
