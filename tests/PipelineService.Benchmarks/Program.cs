using PipelineService.Benchmarks;
using PipelineService.Benchmarks.Harness;
using PipelineService.Benchmarks.Micro;

const string Usage = """
    dotnet run -c Release --project tests/PipelineService.Benchmarks -- <command> [options]

      generate    write trips to a file
                  --rows 3000000  --seed 1  --file trips.csv  --format csv|ndjson  --crlf
                  --type-errors 0.01  --rule-errors 0.01  --duplicates 0.01  --rejects expected.csv
      load        psql \copy and the service in turn, on the same file and server
                  --rows 3000000  --rounds 5  --commit job,chunk  --lineage off|on|both  --compare once|always
      small       uploads of 1 kB, one after the other: from request to final job
                  --count 200  --bytes 1000
      memory      peak memory for a small and a large upload, made while it is sent
                  --rows 3000000,30000000  --type-errors 1 (share of bad records)
      concurrent  peak memory and time for several uploads at once
                  --rows 3000000  --uploads 8
      rejects     throughput with bad records, and whether exactly those were rejected
                  --rows 1000000  --rounds 5
      resume      SIGKILL in the middle of a load that commits each chunk: what is read again
                  --rows 27000000
      queue       SIGKILL and a start with many queued jobs: until it is ready, and in which memory
                  --jobs 1000
      micro       BenchmarkDotNet on the hot path; all other options go to BenchmarkDotNet

    For all but generate and micro:
      --output DIR  --label NAME  --scratch DIR  --postgres "Host=…"  --service DIR (published build)
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
        "load" => LoadBenchmark.RunAsync(arguments),
        "small" => SmallUploadsBenchmark.RunAsync(arguments),
        "memory" => MemoryBenchmark.RunAsync(arguments),
        "concurrent" => MemoryBenchmark.RunConcurrentAsync(arguments),
        "rejects" => RejectsBenchmark.RunAsync(arguments),
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
