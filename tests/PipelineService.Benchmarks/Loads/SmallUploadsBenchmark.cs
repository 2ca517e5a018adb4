using PipelineService.Benchmarks.Harness;
using PipelineService.Client.Sample;

namespace PipelineService.Benchmarks.Loads;

/// <param name="Count">Uploads of a round, of each way to answer.</param>
/// <param name="Bytes">Of an upload; as many rows as come nearest from below.</param>
internal sealed record SmallUploadsOptions(int Count, int Bytes, int Connections, int Rounds);

/// <summary>
/// What devices and forms feel that send their records a few at a time: how many small uploads a second, and how long
/// each is waited for, until its job is final (<c>Prefer: wait</c>) or until it is answered 202. Durability is in both.
/// </summary>
internal static class SmallUploadsBenchmark
{
    private const int WarmUps = 200;

    public static async Task RunAsync(Arguments arguments)
    {
        SmallUploadsOptions options = new(
            arguments.Integer("count", 500), arguments.Integer("bytes", 1_000), arguments.Integer("connections", 16),
            arguments.Integer("rounds", 4));
        await using Laboratory laboratory = await Laboratory.OpenAsync("small", "Small uploads", arguments);
        await using ServiceProcesses services = await laboratory.StartAllAsync();
        await MeasureAsync(laboratory, services.All, options);
        laboratory.Complete();
    }

    /// <remarks>Memory is that of small uploads alone when the processes have done nothing else before.</remarks>
    public static async Task<IReadOnlyList<Figure>> MeasureAsync(
        Laboratory laboratory, IReadOnlyList<ServiceProcess> services, SmallUploadsOptions options)
    {
        (byte[], long) body = MakeBody(options.Bytes);
        SmallSender[] senders = [.. services.Select(s => new SmallSender(s, body, options.Connections))];
        foreach (SmallSender sender in senders)
        {
            await sender.DeclareAsync();
            await sender.SendAsync(WarmUps, waits: true);
            await sender.SendAsync(WarmUps, waits: false);
        }

        Report report = laboratory.Report;
        report.Section($"Uploads of {senders[0].BodyBytes:N0} bytes ({senders[0].BodyRows} rows) over "
            + $"{options.Connections} connections");
        report.Line($"Each round {options.Count} with `Prefer: wait=60`, answered when the job is final, and "
            + $"{options.Count} that are answered 202, after {WarmUps} of each to warm up. Uploads a second; in "
            + "parentheses the milliseconds that half and 99 % of them took at most.");
        report.Line();
        report.Table(
        [
            "round", .. senders.Select(s => $"{s.Name}, final"), .. senders.Select(s => $"{s.Name}, 202"),
            .. senders.Select(s => $"{s.Name}, 202 until all are loaded"),
        ]);
        for (int round = 0; round < options.Rounds; round++)
        {
            foreach (SmallSender sender in senders.InTurn(round))
            {
                await laboratory.CheckpointAsync();
                sender.Final.Add(await sender.SendAsync(options.Count, waits: true));
                sender.Answered.Add(await sender.SendAsync(options.Count, waits: false));
            }

            report.Row(
            [
                $"{round + 1}", .. senders.Select(s => Cell(s.Final[round])),
                .. senders.Select(s => Cell(s.Answered[round])),
                .. senders.Select(s => $"{s.Answered[round].LoadedPerSecond:N0}/s"),
            ]);
        }

        return [.. await SummarizeAsync(report, services, senders, options)];
    }

    private static string Cell(SmallUploads uploads) =>
        $"{uploads.PerSecond:N0}/s ({uploads.Milliseconds.Median():F1}, {uploads.Milliseconds.Percentile(0.99):F1})";

    private static async Task<IEnumerable<Figure>> SummarizeAsync(
        Report report, IReadOnlyList<ServiceProcess> services, SmallSender[] senders, SmallUploadsOptions options)
    {
        foreach (SmallSender sender in senders)
        {
            await sender.CheckAsync();
        }

        report.Line();
        report.Table(
            "way", "uploads", "uploads/s, median round", "least ms", "median ms", "90 % ms", "99 % ms", "greatest ms");
        foreach (SmallSender sender in senders)
        {
            Row($"{sender.Name}, final", sender.Final);
            Row($"{sender.Name}, 202", sender.Answered);
        }

        report.Line();
        int uploads = 2 * (WarmUps + (options.Count * options.Rounds));
        double[] peaks = [.. services.Select(s => ProcessUsage.PeakResidentMB(s.Id))];
        foreach ((ServiceProcess service, double peak) in services.Zip(peaks))
        {
            report.Line(
                $"Peak resident memory of {service.Build.Name} after {uploads:N0} small uploads: {peak:F0} MB.");
        }

        string crowd = $"uploads of {senders[0].BodyBytes / 1e3:F1} kB over {options.Connections} connections";
        return
        [
            new($"{crowd} to the final state", "/s", [.. senders.Select(s => Rate(s.Final))],
                Goal.AtLeastTimesBefore(4)),
            new($"the same, 99 % within", "ms", [.. senders.Select(s => Latencies(s.Final).Percentile(0.99))],
                Goal.AtMostTimesBefore(0.25)),
            new($"{crowd} answered 202", "/s", [.. senders.Select(s => Rate(s.Answered))], Goal.AtLeastTimesBefore(3)),
            new($"peak resident memory after {uploads:N0} small uploads alone", "MB", peaks, Goal.AtMost(160, "MB")),
        ];

        void Row(string way, List<SmallUploads> rounds)
        {
            double[] all = Latencies(rounds);
            report.Row(
                way, $"{all.Length:N0}", $"{Rate(rounds):N0}", $"{all.Min():F1}", $"{all.Median():F1}",
                $"{all.Percentile(0.9):F1}", $"{all.Percentile(0.99):F1}", $"{all.Max():F1}");
        }
    }

    private static double Rate(List<SmallUploads> rounds) => rounds.Select(r => r.PerSecond).ToArray().Median();

    private static double[] Latencies(List<SmallUploads> rounds) => [.. rounds.SelectMany(r => r.Milliseconds)];

    /// <summary>As many rows as come nearest to the size from below, at least one.</summary>
    private static (byte[] Body, long Rows) MakeBody(int bytes)
    {
        byte[] buffer = new byte[bytes + (4 * 1_024)];
        (byte[] Body, long Rows) best = ([], 0);
        for (long rows = 1; rows == 1 || best.Body.Length < bytes; rows++)
        {
            int length = new TripsGenerator(new TripsOptions { Rows = rows }).Fill(buffer);
            if (rows > 1 && length > bytes)
            {
                break;
            }

            best = (buffer[..length], rows);
        }

        return best;
    }
}
