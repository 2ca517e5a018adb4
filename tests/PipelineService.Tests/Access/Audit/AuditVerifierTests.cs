using System.Globalization;
using Npgsql;
using PipelineService.Access.Audit;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Access.Audit;

/// <summary>Whatever somebody with all rights does to the audit is found, and where.</summary>
public sealed class AuditVerifierTests(TestDatabase database) : IClassFixture<TestDatabase>
{
    /// <summary>How many entries are verified at once, and timed.</summary>
    internal const string Variable = "PIPELINE_AUDIT_VERIFY_ENTRIES";

    private const int Entries = 12;
    private const int EntriesOfTransaction = 10_000;

    private static readonly TimeSpan LargeMax = TimeSpan.FromSeconds(10);

    private readonly AuditStand _stand = new(database);

    [Theory]
    [InlineData("edited", "UPDATE pipeline.audit SET actor = 'somebody else' WHERE object = 'entry/5'", "link 5 was changed", 4)]
    [InlineData("detail", "UPDATE pipeline.audit SET detail = '{\"version\": 2}' WHERE object = 'entry/5'", "link 5 was changed", 4)]
    [InlineData("time",
        "UPDATE pipeline.audit SET at = at + interval '1 microsecond' WHERE object = 'entry/12'", "link 12 was changed", 11)]
    [InlineData("deleted", "DELETE FROM pipeline.audit WHERE object = 'entry/7'", "link 7 was deleted", 6)]
    [InlineData("deleted with its link",
        "DELETE FROM pipeline.audit_links WHERE seq = 7; DELETE FROM pipeline.audit WHERE object = 'entry/7'",
        "Link 7 is missing: after 6 comes link 8", 6)]
    [InlineData("deleted, and counted anew",
        "DELETE FROM pipeline.audit_links WHERE seq = 7; UPDATE pipeline.audit_links SET seq = seq - 1 WHERE seq = 8;"
            + "UPDATE pipeline.audit_links SET seq = seq - 1 WHERE seq = 9; UPDATE pipeline.audit_links SET seq = seq - 1 WHERE seq > 9",
        "Link 7 does not follow the one before", 6)]
    [InlineData("two links changed places",
        "UPDATE pipeline.audit_links SET seq = 99 WHERE seq = 3; UPDATE pipeline.audit_links SET seq = 3 WHERE seq = 8;"
            + "UPDATE pipeline.audit_links SET seq = 8 WHERE seq = 99",
        "Link 3 does not follow the one before", 2)]
    [InlineData("two entries changed places",
        "CREATE TEMP TABLE ids AS SELECT seq, audit_id FROM pipeline.audit_links WHERE seq IN (3, 8);"
            + "DELETE FROM pipeline.audit_links l USING ids WHERE ids.seq = l.seq;"
            + "INSERT INTO pipeline.audit_links SELECT 11 - seq, audit_id, sha256(''), sha256('') FROM ids; DROP TABLE ids",
        "Link 3 does not follow the one before", 2)]
    [InlineData("the beginning removed",
        "DELETE FROM pipeline.audit_links WHERE seq <= 4", "Link 1 is missing: the chain begins with link 5", 0)]
    public async Task Finds_what_was_changed_and_where(string what, string forgery, string fault, int before)
    {
        await _stand.RenewAsync(Entries);
        Assert.Null((await _stand.VerifyAsync()).Fault);
        await _stand.ForgeAsync(forgery);

        AuditVerdict verdict = await _stand.VerifyAsync();

        Assert.True(verdict.Fault?.Contains(fault, StringComparison.Ordinal), $"{what}: {verdict.Fault}");
        Assert.Equal(before, verdict.Entries);
    }

    /// <summary>A million of them in ten seconds: by hand, because a busy machine says nothing about it.</summary>
    [Fact]
    public async Task Many_entries_are_verified_in_seconds()
    {
        string? wanted = Environment.GetEnvironmentVariable(Variable);
        Assert.SkipWhen(wanted is null, $"by hand: {Variable} says how many");
        long entries = long.Parse(wanted, CultureInfo.InvariantCulture);
        await _stand.RenewAsync(1);
        // As uploads leave them: ids that grow with time, in more than one transaction, each of which the linker reads as a whole.
        for (long first = 1; first < entries; first += EntriesOfTransaction)
        {
            await database.ExecuteAsync($$"""
                INSERT INTO pipeline.audit (id, at, actor, action, object, dataset, outcome, ip, detail)
                SELECT (lpad(to_hex(n), 8, '0') || '-' || substr(md5(n::text), 1, 4) || '-7' || substr(md5(n::text), 5, 3) || '-8' || substr(md5(n::text), 8, 3)
                        || '-' || substr(md5(n::text), 11, 12))::uuid,
                       now() + n * interval '1 ms', 'key/0199aaaa-0000-7000-8000-000000000001', 'upload.take', 'job/' || md5(n::text), 'trips', 'done', '10.1.2.3',
                       jsonb_build_object('version', 3, 'source', 'acme', 'contentType', 'text/csv', 'bytes', n, 'sha256', md5(n::text) || md5(n::text))
                FROM generate_series({{first}}, {{Math.Min(first + EntriesOfTransaction, entries) - 1}}) n
                """);
        }

        await _stand.LinkAllAsync();
        foreach (string table in (string[])["audit", "audit_links"])
        {
            await database.ExecuteAsync($"VACUUM ANALYZE pipeline.{table}");
        }

        long started = TimeProvider.System.GetTimestamp();
        TimeSpan before = Environment.CpuUsage.TotalTime;
        AuditVerdict verdict = await _stand.VerifyAsync();
        TimeSpan elapsed = TimeProvider.System.GetElapsedTime(started);

        TestContext.Current.SendDiagnosticMessage(
            "{0} entries verified in {1}, {2} of this process", verdict.Entries, elapsed, Environment.CpuUsage.TotalTime - before);
        Assert.Equal((null, entries, 0), (verdict.Fault, verdict.Entries, verdict.Unlinked));
        Assert.InRange(elapsed, TimeSpan.Zero, LargeMax);
    }

    /// <summary>What is left of a cut chain is a chain: only who knows where it ended can tell.</summary>
    [Fact]
    public async Task Finds_a_tail_that_was_cut_off_by_the_head_that_somebody_kept()
    {
        await _stand.RenewAsync(Entries);
        AuditAnchor head = (await _stand.VerifyAsync()).Head!;
        await RemoveAsync("> 9");

        Assert.Null((await _stand.VerifyAsync()).Fault);
        Assert.Contains("ends at link 9, and it went on to 12", (await _stand.VerifyAsync(head)).Fault, StringComparison.Ordinal);

        // And when as many have come again.
        for (int i = 0; i < 5; i++)
        {
            await _stand.WriteAsync("new");
        }

        await _stand.LinkAllAsync();
        Assert.Contains("Link 12 has another hash than the head", (await _stand.VerifyAsync(head)).Fault, StringComparison.Ordinal);
    }

    /// <summary>An entry changed, and every hash after it made anew by one who knows how.</summary>
    [Fact]
    public async Task Finds_a_chain_that_was_made_anew_by_the_head_that_somebody_kept()
    {
        await _stand.RenewAsync(Entries);
        AuditAnchor head = (await _stand.VerifyAsync()).Head!;
        await _stand.ForgeAsync(
            "UPDATE pipeline.audit SET actor = 'somebody else' WHERE object = 'entry/5'; DELETE FROM pipeline.audit_links WHERE seq >= 5;"
            + "UPDATE pipeline.audit_links SET seen = NULL");
        await _stand.LinkAllAsync();

        Assert.Equal((null, Entries), ((await _stand.VerifyAsync()).Fault, (await _stand.VerifyAsync()).Entries));
        Assert.Contains("Link 12 has another hash than the head", (await _stand.VerifyAsync(head)).Fault, StringComparison.Ordinal);
    }

    /// <summary>A head that was kept earlier lies on the way.</summary>
    [Fact]
    public async Task Knows_heads_of_before_and_a_beginning_that_was_removed()
    {
        await _stand.RenewAsync(4);
        AuditAnchor early = (await _stand.VerifyAsync()).Head!;
        for (int i = 0; i < 4; i++)
        {
            await _stand.WriteAsync("later");
        }

        await _stand.LinkAllAsync();
        AuditAnchor late = (await _stand.VerifyAsync(early)).Head!;
        Assert.Equal(8, late.Seq);
        await RemoveAsync("<= 4");

        AuditVerdict verdict = await _stand.VerifyAsync(late, start: early);
        Assert.Equal((null, 4, late), (verdict.Fault, verdict.Entries, verdict.Head));
        Assert.Contains("begins with link 5", (await _stand.VerifyAsync(late)).Fault, StringComparison.Ordinal);
        Assert.Contains(
            "Link 5 does not follow", (await _stand.VerifyAsync(late, early with { Hash = late.Hash })).Fault, StringComparison.Ordinal);
        Assert.Contains("lies before the start", (await _stand.VerifyAsync(early with { Seq = 2 }, early)).Fault, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_command_says_so_and_by_its_exit_code_too()
    {
        await _stand.RenewAsync(3);
        string head = (await _stand.VerifyAsync()).Head!.ToString();
        await _stand.WriteAsync("unlinked");

        (int code, string text) = await RunAsync("verify", "--head", head);
        Assert.Equal(0, code);
        Assert.StartsWith(
            $"The audit is whole: 3 entries, head {head}.\n1 entries are not linked yet.", text, StringComparison.Ordinal);
        Assert.Contains("takes --head", (await RunAsync("verify")).Text, StringComparison.Ordinal);

        await _stand.ForgeAsync("UPDATE pipeline.audit SET ip = '10.0.0.1' WHERE object = 'entry/2'");
        (code, text) = await RunAsync("verify", $"--head={head}");
        Assert.Equal(1, code);
        Assert.StartsWith("The audit is broken. The entry ", text, StringComparison.Ordinal);
        Assert.Contains("of link 2 was changed", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--head takes a number, a colon and 64 hexadecimal digits", "verify", "--head", "12")]
    [InlineData("--head takes a number", "verify", "--head")]
    [InlineData("'audit check' is no command. It is: audit verify.", "check")]
    [InlineData("There is no option \"--hed\". ", "verify", "--hed", "12")]
    [InlineData("cannot be read", "verify", "--ConnectionStrings:Pipeline", "Host=127.0.0.1;Port=1;Username=nobody")]
    public async Task The_command_says_what_it_cannot_do(string fault, params string[] words)
    {
        (int code, string text) = await RunAsync(words);

        Assert.Contains(fault, text, StringComparison.Ordinal);
        Assert.Equal(2, code);
    }

    private Task RemoveAsync(string links) => _stand.ForgeAsync($"""
        DELETE FROM pipeline.audit a USING pipeline.audit_links l WHERE l.audit_id = a.id AND l.seq {links};
        DELETE FROM pipeline.audit_links WHERE seq {links}
        """);

    private async Task<(int Code, string Text)> RunAsync(params string[] words)
    {
        const string Setting = "--ConnectionStrings:Pipeline";
        using StringWriter text = new();
        NpgsqlConnectionStringBuilder connection = new(database.ConnectionString) { Pooling = false };
        string[] settings = words.Contains(Setting) ? [] : [Setting, connection.ConnectionString];
        int code = await AuditCommand.RunAsync(["audit", .. words, .. settings], text, text, TestContext.Current.CancellationToken);
        return (code, text.ToString().ReplaceLineEndings("\n"));
    }
}
