using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Reliability;

/// <summary>Crowds of clients that are hostile or unlucky, against the process: others are served, and what they cost is bounded.</summary>
public sealed class HostileClientsTests(FieldDatabase database) : IClassFixture<FieldDatabase>
{
    private const int Megabyte = 1 << 20;

    /// <summary>Seen: 20 to 30 MB with idle connections, 40 to 80 MB with uploads.</summary>
    private const int GrowthBytesMax = 150 * Megabyte;

    /// <summary>
    /// Garbage that waits for its collection is not held; on a busy machine it would be measured as if it were.
    /// </summary>
    private static readonly (string, string)[] PromptCollections = [("DOTNET_gcConcurrent", "0"), ("DOTNET_GCgen0size", "1000000")];

    [Fact]
    public async Task Idle_connections_by_the_thousand_starve_nobody_and_leave_nothing()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The handles of a process are counted in /proc.");
        const int Places = 500;
        const int OfEachKind = 700;
        const int UploadsHalfway = Places / 2;
        await using Field field = new(database, "idle");
        await field.StartAsync(
            "",
            ("Hosting__ClientConnectionsMax", $"{Places}"),
            ("Hosting__RequestHeadTimeout", "00:00:03"),
            ("Hosting__KeepAliveTimeout", "00:00:03"),
            ("Intake__BodyRateGrace", "00:00:02"),
            ("Intake__UploadsMax", $"{Places}"),
            PromptCollections[0], PromptCollections[1]);
        await field.Send(Sample.WholeJobs, records: 1_000);
        await field.WaitUntilFinalAsync();
        using HttpClient http = new() { BaseAddress = field.Address };
        Assert.NotEmpty(await http.GetStringAsync(new Uri("/health/live", UriKind.Relative), field.Token));
        (int handles, long resident) = (field.Service.OpenHandles, field.Service.ResidentBytes);

        string halfBody = RawConnection.UploadHead(Sample.WholeJobs, "Content-Length: 1000000") + "id,amount,note\n1,1,half a rec";
        string halfHead = RawConnection.UploadHead(Sample.WholeJobs, "X-Half: yes").TrimEnd();
        List<RawConnection> crowd = [];
        int handlesMost = 0;
        for (int i = 0; i < OfEachKind; i++)
        {
            foreach (string text in (string[])["", halfHead, i < UploadsHalfway ? halfBody : ""])
            {
                crowd.Add(await RawConnection.OpenAsync(field.Address, text));
            }

            if (i % 100 == 99)
            {
                // A client of its own, as a new one comes.
                using Sender sender = new(field.Port);
                var sample = Sample.Make(Sample.WholeJobs, $"guest-{i}", records: 100);
                field.Accepted[await sender.SendAsync(sample, field.Token)] = sample;
                Assert.Empty(sender.Refusals);
                handlesMost = Math.Max(handlesMost, field.Service.OpenHandles);
            }
        }

        long residentMost = field.Service.ResidentBytes;
        string[] ends = await Task.WhenAll(crowd.Select(connection => connection.ReadUntilEndAsync()));
        crowd.ForEach(connection => connection.Dispose());
        await field.EndWellAsync();
        await BoundedWait.UntilAsync($"the handles to be back at {handles}", () => field.Service.OpenHandles <= handles + 20);

        TestContext.Current.SendDiagnosticMessage(
            "{0} idle connections on {1} places: {2} handles before, {3} at most, {4} after; {5} MB before, {6} MB at most",
            crowd.Count, Places, handles, handlesMost, field.Service.OpenHandles, resident / Megabyte, residentMost / Megabyte);
        Assert.Contains(ends, end => end.StartsWith("HTTP/1.1 408", StringComparison.Ordinal));

        // A socket for each place, a file for each upload; and the sockets that are just being closed.
        Assert.InRange(handlesMost, handles + (Places / 2), handles + Places + UploadsHalfway + 150);
        Assert.True(residentMost - resident < GrowthBytesMax, $"It grew by {(residentMost - resident) / Megabyte} MB.");
    }

    [Fact]
    public async Task Two_hundred_slow_uploads_at_once_are_not_held_in_memory()
    {
        const int Count = 200;
        const int PiecesEach = 16;
        await using Field field = new(database, "slow");
        await field.StartAsync("", PromptCollections);
        await field.Send(Sample.WholeJobs, records: 200_000); // what a load needs is there before it is looked what many need
        await field.WaitUntilFinalAsync();
        long resident = field.Service.ResidentBytes;
        string piece = string.Concat(Enumerable.Repeat("1,1," + new string('x', 1019) + "\n", 64)); // 64 KiB

        RawConnection[] senders = await Task.WhenAll(Enumerable.Range(0, Count).Select(_ => RawConnection.BeginUploadAsync(
            field.Address, Sample.WholeJobs, "Transfer-Encoding: chunked")));
        await Task.WhenAll(senders.Select(sender => sender.SendChunkAsync("id,amount,note\n")));
        long residentMost = 0;
        for (int i = 0; i < PiecesEach; i++)
        {
            await Task.WhenAll(senders.Select(sender => sender.SendChunkAsync(piece)));
            residentMost = Math.Max(residentMost, field.Service.ResidentBytes);
        }

        long sent = (long)Count * PiecesEach * piece.Length;
        await BoundedWait.UntilAsync("every byte to be in the spool", () => SpoolBytes(field.Spool) >= sent);
        residentMost = Math.Max(residentMost, field.Service.ResidentBytes);
        foreach (RawConnection sender in senders)
        {
            sender.Reset();
        }

        await field.EndWellAsync(); // the first upload is there, and nothing of the others

        TestContext.Current.SendDiagnosticMessage(
            "{0} uploads at once of {1} MB in all: {2} MB before, {3} MB at most",
            Count, sent / Megabyte, resident / Megabyte, residentMost / Megabyte);
        Assert.True(sent > GrowthBytesMax, "What was sent could be in memory unnoticed.");
        Assert.True(residentMost - resident < GrowthBytesMax, $"It grew by {(residentMost - resident) / Megabyte} MB.");
    }

    private static long SpoolBytes(string spool) => new DirectoryInfo(spool).EnumerateFiles("*.data").Sum(file => file.Length);
}
