using System.Globalization;
using Npgsql;
using PipelineService.Access.Audit;
using PipelineService.Tests.Datasets.Views;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Reliability;

/// <summary>
/// What must be true when every upload was answered and every job has ended: each record is where it belongs, once, and
/// nothing is left behind.
/// </summary>
internal static class Invariants
{
    private static readonly TimeSpan CleaningAgeMax = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(50);

    private const string Jobs = """
        SELECT id, dataset, state, records_read, records_loaded, records_rejected, records_filtered,
               (SELECT coalesce(sum(c.read), 0)::bigint FROM pipeline.job_chunks c WHERE c.job_id = j.id),
               (SELECT count(*) FROM pipeline.dead_letters d WHERE d.job_id = j.id),
               coalesce(error->>'code', ''),
               coalesce((SELECT sum((g->>'records')::bigint) FROM jsonb_array_elements(rejects->'groups') g)::bigint, 0),
               (SELECT count(DISTINCT (d.record, e->>'code', e->>'field'))
                FROM pipeline.dead_letters d, jsonb_array_elements(d.errors) e WHERE d.job_id = j.id)
        FROM pipeline.jobs j
        """;

    /// <summary>What a service that has nothing to do holds on to in the database; every count is nought.</summary>
    private const string Leftovers = $"""
        SELECT 'uploads that broke off', count(*) FROM pipeline.jobs WHERE state = 'receiving'
        UNION ALL SELECT 'counts of rejects', count(*) FROM pipeline.job_rejects
        UNION ALL SELECT 'leases', count(*) FROM pipeline.jobs WHERE owner IS NOT NULL OR lease_until IS NOT NULL
        UNION ALL SELECT 'write sessions', count(*) FROM pg_stat_activity
            WHERE datname = current_database() AND application_name LIKE 'pipeline job %' AND state <> 'idle'
        UNION ALL SELECT 'temporary tables', count(*) FROM pg_class WHERE relpersistence = 't'
        UNION ALL SELECT 'entries without a link', count(*) FROM pipeline.audit a
            WHERE NOT EXISTS (SELECT FROM pipeline.audit_links l WHERE l.audit_id = a.id)
        UNION ALL SELECT 'events without a place', count(*) FROM pipeline.events e
            WHERE NOT EXISTS (SELECT FROM pipeline.event_positions p WHERE p.n = e.n)
        UNION ALL SELECT 'views that are not told', count(*) FROM pipeline.views v
            WHERE v.dropped_at IS NOT NULL OR NOT (({IsTold}) OR (v.state = 'refused' AND v.dataset = '{Sample.Triggered}'))
        UNION ALL SELECT 'parts of profiles', count(*) FROM pipeline.job_profile_parts
        UNION ALL SELECT 'prepared transactions', count(*) FROM pg_prepared_xacts WHERE database = current_database()
        """;

    /// <summary>Transactions that are open and do nothing. Some always are, for a moment: views are looked at and looked after all the time.</summary>
    private const string Open = """
        SELECT format('%s since %s', pid, xact_start) FROM pg_stat_activity
        WHERE datname = current_database() AND state LIKE 'idle in transaction%'
        """;

    /// <summary>What transforms make of records, and what is counted of that; no rows when all is well.</summary>
    private const string WronglyTransformed = $"""
        SELECT * FROM (
            SELECT 'rows have another value than was to be derived', count(*)
            FROM public.{Sample.Transformed} WHERE twice IS DISTINCT FROM amount * 2
            UNION ALL
            SELECT 'jobs have other counts of their filter than of what is filtered', count(*)
            FROM pipeline.jobs
            WHERE dataset = '{Sample.Transformed}' AND finished_at IS NOT NULL AND records_filtered <> coalesce(
                (SELECT sum((op ->> 'records')::bigint) FROM jsonb_array_elements(ops) op WHERE op ->> 'name' = 'most'), 0)
            UNION ALL
            SELECT 'jobs have rows of several versions of what they look up, or of none', count(*) FROM (
                SELECT FROM public.{Sample.Looking} GROUP BY _job_id
                HAVING count(DISTINCT regexp_replace(found, '.* of ', '')) <> 1 OR count(found) <> count(*)) jobs
            UNION ALL
            SELECT 'jobs have rows of several versions of the model that scores them, or of none', count(*) FROM (
                SELECT FROM public.{Sample.Looking} GROUP BY _job_id
                HAVING count(DISTINCT score - 2 * id) <> 1 OR count(score) <> count(*)) jobs
        ) faults (fault, places) WHERE places > 0
        """;

    /// <summary>Views that are kept: there are some whose tables cannot be followed.</summary>
    private const string Views =
        "SELECT id, dataset, name FROM pipeline.views WHERE dropped_at IS NULL AND state = 'ready' ORDER BY id";

    /// <summary>Whether a view is told, as far as a row of <c>pipeline.views v</c> says that.</summary>
    private const string IsTold = """
        v.state = 'ready' AND v.relation = to_regclass(format('%I.%I', v.table_schema, v.table_name))::oid
        AND NOT EXISTS (SELECT FROM pipeline.view_notes n WHERE n.view_id = v.id AND n.kind = 'doubt')
        """;

    /// <summary>Profiles that are of other rows than were loaded; none when all is well.</summary>
    private static readonly string WronglyProfiled = $"""
        SELECT j.id FROM pipeline.jobs j LEFT JOIN pipeline.job_profiles p ON p.job_id = j.id
        WHERE j.dataset IN ({string.Join(", ", Sample.ProfiledOnes.Select(dataset => $"'{dataset}'"))})
          AND j.state IN ('succeeded', 'partially_succeeded') AND j.records_loaded > 0
          AND (p.profile -> 'summary' ->> 'rows')::bigint IS DISTINCT FROM j.records_loaded
        """;

    /// <summary>Rows that have something else than the service answers when it is well; none when all is well.</summary>
    private const string WronglyAnswered =
        $"SELECT count(*) FROM public.{Sample.Asking} WHERE city IS DISTINCT FROM 'city of ' || note HAVING count(*) > 0";

    /// <summary>What is told of jobs, each once and in its order, in one log without gaps, to whoever asked for it; no rows when all is well.</summary>
    private const string WronglyTold = """
        WITH log AS (
            SELECT e.job_id, e.type, p.position FROM pipeline.event_positions p JOIN pipeline.events e ON e.xid = p.xid AND e.n = p.n AND e.slot = p.slot),
        told AS (
            SELECT j.id, j.upload_complete, j.started_at, j.finished_at, j.reverted_at,
                   count(*) FILTER (WHERE type = 'job.received') AS received, min(position) FILTER (WHERE type = 'job.received') AS received_at,
                   count(*) FILTER (WHERE type = 'job.started') AS started, min(position) FILTER (WHERE type = 'job.started') AS begun_at,
                   count(*) FILTER (WHERE type = 'job.finished') AS finished, min(position) FILTER (WHERE type = 'job.finished') AS ended_at,
                   count(*) FILTER (WHERE type IN ('job.reverted', 'job.replaced')) AS gone,
                   max(position) FILTER (WHERE type = 'job.waiting') AS waited_at
            FROM pipeline.jobs j LEFT JOIN log ON log.job_id = j.id GROUP BY j.id)
        SELECT * FROM (
            SELECT 'jobs are not told of once in each of their ways', count(*) FROM told
            WHERE (received, started, finished, gone) <> (
                upload_complete::int, (upload_complete AND started_at IS NOT NULL)::int, (finished_at IS NOT NULL)::int, (reverted_at IS NOT NULL)::int)
            UNION ALL
            SELECT 'jobs are told of in another order than it was', count(*) FROM told
            WHERE received_at > begun_at OR begun_at > ended_at OR received_at > ended_at OR waited_at > ended_at
            UNION ALL
            SELECT 'places of the log are missing', max(position) - min(position) + 1 - count(*) FROM log
            UNION ALL
            SELECT 'events have not one delivery each', count(*)
            FROM (SELECT FROM pipeline.webhooks w CROSS JOIN log l
                  LEFT JOIN pipeline.deliveries d ON d.webhook = w.id AND d.position = l.position
                  WHERE l.position > (SELECT min(position) FROM pipeline.deliveries m WHERE m.webhook = w.id) GROUP BY w.id, l.position HAVING count(d.id) <> 1) wrong
        ) faults (fault, places) WHERE places > 0
        """;

    /// <summary>Figures that are not the sums of the jobs' rows, by dataset and source; no rows when all is well.</summary>
    private const string WronglyCounted = """
        WITH jobs AS (
            SELECT dataset, coalesce(source, '') AS source, count(*)::numeric AS jobs,
                   count(*) FILTER (WHERE state = 'failed')::numeric AS failed,
                   count(*) FILTER (WHERE state = 'cancelled')::numeric AS cancelled, sum(upload_bytes) AS bytes, sum(records_loaded) AS loaded,
                   sum(records_rejected) AS rejected, sum(records_filtered) AS filtered, coalesce(sum(records_reverted), 0) AS reverted,
                   count(*) FILTER (WHERE state IN ('succeeded', 'partially_succeeded'))::numeric AS visible,
                   coalesce(sum((SELECT sum(records) FROM pipeline.rejects_by_code(j.rejects))), 0) AS faults
            FROM pipeline.jobs j WHERE finished_at IS NOT NULL GROUP BY 1, 2),
        entries AS (
            SELECT dataset, source, jobs, failed, cancelled, bytes, loaded, rejected, filtered, reverted, 0 AS visible, 0 AS faults
            FROM pipeline.usage_minutes
            UNION ALL
            SELECT dataset, source, jobs, failed, cancelled, bytes, loaded, rejected, filtered, reverted, (latency IS NOT NULL)::int,
                   coalesce((SELECT sum(records) FROM pipeline.rejects_by_code(rejects)), 0)
            FROM pipeline.usage_entries
            UNION ALL
            SELECT dataset, source, 0, 0, 0, 0, 0, 0, 0, 0, jobs, 0 FROM pipeline.usage_latencies
            UNION ALL
            SELECT dataset, source, 0, 0, 0, 0, 0, 0, 0, 0, 0, records FROM pipeline.usage_rejects),
        figures AS (
            SELECT dataset, source, sum(jobs) AS jobs, sum(failed) AS failed, sum(cancelled) AS cancelled, sum(bytes) AS bytes,
                   sum(loaded) AS loaded, sum(rejected) AS rejected, sum(filtered) AS filtered, sum(reverted) AS reverted,
                   sum(visible) AS visible, sum(faults) AS faults
            FROM entries GROUP BY 1, 2)
        SELECT format('%s by %s: the jobs say %s, the figures %s', coalesce(j.dataset, f.dataset), coalesce(j.source, f.source), j, f)
        FROM jobs j FULL JOIN figures f USING (dataset, source) WHERE j IS DISTINCT FROM f
        """;

    /// <summary>With jobs that are taken away by hand, which no service does.</summary>
    public const string EmptyFigures =
        "TRUNCATE pipeline.usage_entries, pipeline.usage_minutes, pipeline.usage_rejects, pipeline.usage_latencies";

    /// <summary>The figures of the jobs that are left.</summary>
    public const string CountAgain = $"""
        {EmptyFigures};
        INSERT INTO pipeline.usage_entries
            (minute, dataset, source, tenant, jobs, failed, cancelled, bytes, loaded, rejected, filtered, reverted, latency, rejects)
        SELECT date_trunc('minute', finished_at), dataset, coalesce(source, ''), coalesce(tenant, ''), 1, (state = 'failed')::int,
               (state = 'cancelled')::int, upload_bytes, records_loaded, records_rejected, records_filtered, coalesce(records_reverted, 0),
               CASE WHEN state IN ('succeeded', 'partially_succeeded') THEN 0 END, rejects
        FROM pipeline.jobs WHERE finished_at IS NOT NULL
        """;

    /// <summary>Jobs of which the audit does not know who sent or began them.</summary>
    private const string Untold =
        "SELECT id FROM pipeline.jobs j WHERE upload_complete AND NOT EXISTS (SELECT FROM pipeline.audit a WHERE a.id = j.id)";

    /// <summary>Uploads of which a job's row says that it keeps them, and whether that time is not over.</summary>
    private const string Kept = """
        SELECT coalesce(upload_id, id), bool_or(upload_kept_until > now())
        FROM pipeline.jobs WHERE upload_kept_until IS NOT NULL GROUP BY 1
        """;

    /// <param name="accepted">What was answered 202 or 200, by job.</param>
    /// <returns>Every fault found, in words; none when all is well.</returns>
    public static async Task<IReadOnlyList<string>> CheckAsync(
        NpgsqlDataSource database, string spool, IReadOnlyDictionary<Guid, Sample> accepted, CancellationToken cancellationToken)
    {
        // First, because it waits for what is still being cleared away.
        List<string> faults = [.. await LeftoversAsync(database, spool, cancellationToken)];
        HashSet<Guid> seen = [];
        await foreach (NpgsqlDataReader job in ReadAsync(database, Jobs, cancellationToken))
        {
            var id = job.GetGuid(0);
            seen.Add(id);
            CheckJob(job, accepted.GetValueOrDefault(id), faults);
        }

        foreach (string query in (string[])[WronglyTransformed, WronglyTold])
        {
            await foreach (NpgsqlDataReader wrong in ReadAsync(database, query, cancellationToken))
            {
                faults.Add($"{wrong.GetInt64(1)} {wrong.GetString(0)}");
            }
        }

        await foreach (NpgsqlDataReader wrong in ReadAsync(database, WronglyCounted, cancellationToken))
        {
            faults.Add(wrong.GetString(0));
        }

        await foreach (NpgsqlDataReader untold in ReadAsync(database, Untold, cancellationToken))
        {
            faults.Add($"the audit has no entry of job {untold.GetGuid(0)}");
        }

        await foreach (NpgsqlDataReader wrong in ReadAsync(database, WronglyProfiled, cancellationToken))
        {
            faults.Add($"the profile of job {wrong.GetGuid(0)} is of other rows");
        }

        await CheckViewsAsync(database, faults, cancellationToken);
        if ((await new AuditVerifier(database).VerifyAsync(head: null, start: null, cancellationToken)).Fault is { } broken)
        {
            faults.Add($"the audit is broken: {broken}");
        }

        faults.AddRange(accepted.Keys.Except(seen).Select(id => $"job {id} was answered but is not there"));
        foreach (string dataset in Sample.Definitions.Keys.Union(accepted.Values.Select(sample => sample.Dataset)))
        {
            await CheckTableAsync(database, dataset, accepted, faults, cancellationToken);
        }

        if (accepted.Values.Any(sample => sample.Dataset == Sample.Asking))
        {
            await foreach (NpgsqlDataReader wrong in ReadAsync(database, WronglyAnswered, cancellationToken))
            {
                faults.Add($"{wrong.GetInt64(0)} rows have another answer than the service gave");
            }
        }

        return faults;
    }

    /// <summary>SQL that counts the groups in which a view differs from its table, in one snapshot; 0 while it is not told.</summary>
    /// <param name="groupBy">The query that the view stands for.</param>
    public static string DifferencesOf(long view, string groupBy) => string.Create(
        CultureInfo.InvariantCulture,
        $"SELECT CASE WHEN {IsTold} THEN ({ViewStand.Compared(view, groupBy)}) ELSE 0 END FROM pipeline.views v WHERE v.id = {view}");

    private static async Task CheckViewsAsync(NpgsqlDataSource database, List<string> faults, CancellationToken cancellationToken)
    {
        List<(long Id, string Dataset, string Name)> views = [];
        await foreach (NpgsqlDataReader view in ReadAsync(database, Views, cancellationToken))
        {
            views.Add((view.GetInt64(0), view.GetString(1), view.GetString(2)));
        }

        foreach ((long id, string dataset, string name) in views)
        {
            await foreach (NpgsqlDataReader view in ReadAsync(database, DifferencesOf(id, Sample.QueryOf(dataset, name)), cancellationToken))
            {
                if (view.GetInt64(0) > 0)
                {
                    faults.Add($"{view.GetInt64(0)} groups of view {name} of {dataset} are not those of its table");
                }
            }
        }
    }

    private static void CheckJob(NpgsqlDataReader job, Sample? sample, List<string> faults)
    {
        string name = $"job {job.GetGuid(0)} of {job.GetString(1)}";
        string state = job.GetString(2);
        (long read, long loaded, long rejected, long filtered) = (job.GetInt64(3), job.GetInt64(4), job.GetInt64(5), job.GetInt64(6));
        (long covered, long deadLetters) = (job.GetInt64(7), job.GetInt64(8));
        string counts = string.Create(
            CultureInfo.InvariantCulture,
            $"{job.GetString(9)} {read} read, {loaded} loaded, {rejected} rejected, {filtered} filtered, {covered} covered, {deadLetters} dead letters");
        if (sample is null)
        {
            // An instance died between durable and registered, and the sender got its answer from another one.
            if (read != 0 || job.GetString(9) != "upload_replayed")
            {
                faults.Add($"{name} ({state}) was never answered");
            }
        }
        else if (read != loaded + rejected + filtered || rejected != deadLetters)
        {
            faults.Add($"{name} ({state}): the counts do not add up: {counts}");
        }
        else if (job.GetInt64(10) != job.GetInt64(11))
        {
            faults.Add($"{name} ({state}): {job.GetInt64(10)} faults are summed up, and its dead letters have {job.GetInt64(11)}");
        }
        else if (sample.MayFail && state == "failed")
        {
            if (loaded != 0)
            {
                faults.Add($"{name} failed and says that rows are loaded: {counts}");
            }
        }
        else if (sample.Fails ? state != "failed" || loaded != 0 : state != "partially_succeeded" && state != "succeeded")
        {
            faults.Add($"{name} is {state}: {counts}");
        }
        else if (!sample.Fails && (read != sample.Read || loaded != sample.Loaded || filtered != sample.Filtered || covered != sample.Read))
        {
            faults.Add($"{name} ({state}): {counts}, but {sample.Read} records were sent, {sample.Loaded} of them are good and {sample.Filtered} are left out");
        }
    }

    private static async Task CheckTableAsync(
        NpgsqlDataSource database, string dataset, IReadOnlyDictionary<Guid, Sample> accepted, List<string> faults,
        CancellationToken cancellationToken)
    {
        string content = $"""
            SELECT _job_id, count(*), encode(sha256(convert_to(
                       string_agg(concat_ws('|', _record, id, amount, note), E'\n' ORDER BY _record), 'UTF8')), 'hex')
            FROM public.{dataset} GROUP BY _job_id
            """;
        HashSet<Guid> seen = [];
        await foreach (NpgsqlDataReader rows in ReadAsync(database, content, cancellationToken))
        {
            var id = rows.GetGuid(0);
            seen.Add(id);
            if (accepted.GetValueOrDefault(id) is not { Fails: false, IsReplaced: false } sample || sample.Dataset != dataset)
            {
                faults.Add($"{dataset} has {rows.GetInt64(1)} rows of job {id}, of which nothing may be seen");
            }
            else if (rows.GetInt64(1) != sample.Loaded || rows.GetString(2) != sample.Digest)
            {
                faults.Add($"{dataset} has {rows.GetInt64(1)} rows of job {id}; {sample.Loaded} were accepted");
            }
        }

        faults.AddRange(accepted
            .Where(job => job.Value.Dataset == dataset && job.Value is { Loaded: > 0, Fails: false, MayFail: false, IsReplaced: false } && !seen.Contains(job.Key))
            .Select(job => $"{dataset} has no row of job {job.Key}"));
    }

    /// <summary>What goes a moment after a job's end, and so is waited for.</summary>
    private static async Task<IReadOnlyList<string>> LeftoversAsync(
        NpgsqlDataSource database, string spool, CancellationToken cancellationToken)
    {
        long started = TimeProvider.System.GetTimestamp();
        HashSet<string>? open = null;
        while (true)
        {
            HashSet<string> now = [];
            await foreach (NpgsqlDataReader transaction in ReadAsync(database, Open, cancellationToken))
            {
                now.Add(transaction.GetString(0));
            }

            open = open is null ? now : [.. open.Intersect(now)];
            List<string> left = [.. Directory.EnumerateFiles(spool)
                .Select(path => Path.GetFileName(path))
                .Where(name => !SpoolFolder.OwnFiles.Contains(name))
                .Select(name => $"the spool still holds {name}")];
            left.AddRange(open.Select(transaction => $"a transaction is left open: {transaction}"));
            left.AddRange(await KeptWronglyAsync(database, spool, cancellationToken));
            await foreach (NpgsqlDataReader row in ReadAsync(database, Leftovers, cancellationToken))
            {
                if (row.GetInt64(1) > 0)
                {
                    left.Add($"{row.GetInt64(1)} {row.GetString(0)} are left");
                }
            }

            if (left.Count == 0 || TimeProvider.System.GetElapsedTime(started) > CleaningAgeMax)
            {
                return left;
            }

            await Task.Delay(Poll, TimeProvider.System, cancellationToken);
        }
    }

    /// <summary>An upload is kept in two files while a job says so; a moment before it no longer does, they go.</summary>
    private static async Task<IReadOnlyList<string>> KeptWronglyAsync(
        NpgsqlDataSource database, string spool, CancellationToken cancellationToken)
    {
        HashSet<string> wanted = [], tolerated = [];
        await foreach (NpgsqlDataReader upload in ReadAsync(database, Kept, cancellationToken))
        {
            foreach (string extension in (string[])[".data", ".json"])
            {
                (upload.GetBoolean(1) ? wanted : tolerated).Add($"{upload.GetGuid(0)}{extension}");
            }
        }

        string kept = Path.Combine(spool, "kept");
        HashSet<string> found = Directory.Exists(kept) ? [.. Directory.EnumerateFiles(kept).Select(path => Path.GetFileName(path))] : [];
        return
        [
            .. found.Except(wanted).Except(tolerated).Select(name => $"{name} is kept for no job"),
            .. wanted.Except(found).Select(name => $"{name} is to be kept and is not there"),
        ];
    }

    private static async IAsyncEnumerable<NpgsqlDataReader> ReadAsync(
        NpgsqlDataSource database, string sql,
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = database.CreateCommand(sql);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            yield return reader;
        }
    }
}
