using System.Collections.ObjectModel;
using System.Text;
using CsCheck;
using PipelineService.Core.Datasets;
using PipelineService.Core.Encoding;
using PipelineService.Core.Transforms;
using PipelineService.Spool;
using PipelineService.Spool.Formats;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Spool.Formats;

public sealed class CsvRecordFormatTests
{
    private static readonly Gen<(string Text, bool IsQuoted)> Name = Gen.OneOf(
        Gen.String[Gen.Char["ab "], 1, 5].Select(text => (text, false)),
        Gen.String[Gen.Char["ab,\n\r"], 1, 8].Select(text => (text, true)));

    private static readonly Gen<string> LineEnd = Gen.OneOf(Gen.Const("\n"), Gen.Const("\r\n"), Gen.Const("\r"));

    /// <summary>However a header comes, it is found as soon as it can be told to have ended.</summary>
    [Fact]
    public Task A_header_is_found_whole_however_it_trickles_in() =>
        Gen.Select(Name.Array[1, 200], LineEnd, Gen.Int[1, 7]).SampleAsync(
            async (names, lineEnd, step) =>
            {
                IEnumerable<string> fields = names.Select(
                    (name, i) => name.IsQuoted ? $"\"{name.Text}{i}\"" : $"{name.Text}{i}");
                string header = string.Join(',', fields.Prepend("id")) + lineEnd;
                MemorySpool spool = new();
                await using SpoolWriter upload = spool.Create();
                CsvRecordFormat format = new(Plan(), CsvDialect.Default, recordBytesMax: 1 << 20);
                Task<RecordsStart> finding = format.FindStartAsync(
                    upload.Follow(), new JobFacts(upload.Id), ReadOnlySet<string>.Empty, TestContext.Current.CancellationToken);
                foreach (byte[] packet in Encoding.UTF8.GetBytes(header + "x,").Chunk(step))
                {
                    await upload.AppendAsync(packet);
                }

                RecordsStart start = await finding.Within("the header to be found, though the upload goes on");

                Assert.Equal(header.Length, start.Offset);
            },
            iter: 100);

    /// <summary>A CR that is the last byte at hand decides nothing; it is looked at again beside the byte behind it.</summary>
    [Theory]
    [InlineData("\n")]
    [InlineData("\r\n")]
    [InlineData("\r")]
    public async Task A_header_is_found_wherever_its_line_end_meets_the_end_of_what_was_read(string lineEnd)
    {
        const int FirstRead = 4096;
        for (int length = FirstRead - 2; length <= FirstRead + 2; length++)
        {
            string header = $"id,{new string('x', length - "id,".Length - lineEnd.Length)}{lineEnd}";
            MemorySpool spool = new();
            await using SpoolWriter upload = spool.Create();
            await upload.AppendAsync(Encoding.UTF8.GetBytes(header + "1,"));
            CsvRecordFormat format = new(Plan(), CsvDialect.Default, recordBytesMax: 1 << 20);

            RecordsStart start = await format
                .FindStartAsync(upload.Follow(), new JobFacts(upload.Id), ReadOnlySet<string>.Empty, TestContext.Current.CancellationToken)
                .Within("the header to be found, though the upload goes on");

            Assert.Equal(length, start.Offset);
        }
    }

    /// <summary>
    /// Line ends in quotes, one in each packet: the bytes looked through stay in proportion to those that came.
    /// </summary>
    [Fact]
    public void All_looks_at_a_header_that_trickles_in_cost_no_more_than_a_few()
    {
        const int Length = 1 << 20;
        byte[] bytes = Enumerable.Repeat((byte)'\n', Length).ToArray();
        (long looked, int scanned) = (0, 0);
        for (int filled = 1; filled <= Length; filled++)
        {
            if (CsvRecordFormat.MayEnd(bytes.AsSpan(scanned, filled - scanned), scanned))
            {
                (looked, scanned) = (looked + filled, filled);
            }
        }

        Assert.InRange(looked, Length / 2, 20L * Length);
    }

    /// <summary>Takes any names beside its own, so that every header binds.</summary>
    private static RowPlan Plan() => new(new DatasetDefinition
    {
        Schema = new TableSchema { Fields = [new FieldDefinition { Name = "id" }], FieldsMatch = FieldsMatch.Subset },
        Load = new LoadPolicy { Table = new TableName("public", "trips") },
    });
}
