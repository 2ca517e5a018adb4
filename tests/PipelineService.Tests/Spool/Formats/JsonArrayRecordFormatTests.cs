using System.Collections.ObjectModel;
using System.Text;
using PipelineService.Core.Datasets;
using PipelineService.Core.Encoding;
using PipelineService.Core.Transforms;
using PipelineService.Spool;
using PipelineService.Spool.Formats;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Spool.Formats;

/// <summary>Where arrays of an upload start: behind the line that names their items.</summary>
public sealed class JsonArrayRecordFormatTests
{
    private const int RecordBytesMax = 20_000;

    /// <summary>
    /// The line with the names is found when its line end is there, before there is a record and while the upload goes on, if it is as
    /// long as what tells text from other data.
    /// </summary>
    [Theory]
    [InlineData("[ \"id\" ]\n", 1)]
    [InlineData("\uFEFF \r\n\n[ \"x\", \"id\" ]\r\n", 3)]
    public async Task Names_are_found_however_they_trickle_in(string start, int lines)
    {
        foreach (int step in (int[])[1, 2, 3, 100])
        {
            await using SpoolWriter upload = new MemorySpool().Create();
            Task<RecordsStart> finding = FindAsync(upload);
            byte[] bytes = Encoding.UTF8.GetBytes(start);
            foreach (byte[] packet in bytes[..^1].Chunk(step))
            {
                await upload.AppendAsync(packet);
            }

            Assert.False(finding.IsCompleted);
            await upload.AppendAsync(bytes.AsMemory(bytes.Length - 1));
            RecordsStart found = await finding.Within("the names to be found, though the upload goes on");

            Assert.Equal((bytes.Length, new ChunkPosition(1, 1 + lines)), ((int)found.Offset, found.Position));
            Assert.Equal(start.Contains('x', StringComparison.Ordinal) ? ["x", "id"] : ["id"], found.Columns!);
        }
    }

    /// <summary>Lines of every length around those that the buffer has, and more blank ones than it holds.</summary>
    [Fact]
    public async Task Names_are_found_wherever_their_line_ends()
    {
        foreach (int blank in (int[])[0, 1, 4095, 4096, 10_000])
        {
            foreach (int length in (int[])[4095, 4096, 4097, 8192, RecordBytesMax])
            {
                string names = $"[\"id\",\"{new string('x', length - "[\"id\",\"\"]".Length)}\"]";
                await using SpoolWriter upload = new MemorySpool().Create();
                await upload.AppendAsync(Encoding.UTF8.GetBytes($"{new string('\n', blank)}{names}\n["));

                RecordsStart found = await FindAsync(upload).Within("the names to be found, though the upload goes on");

                Assert.Equal((blank + length + 1, new ChunkPosition(1, blank + 2)), ((int)found.Offset, found.Position));
            }
        }
    }

    private static Task<RecordsStart> FindAsync(SpoolWriter upload) =>
        new JsonArrayRecordFormat(Plan(), RecordBytesMax).FindStartAsync(
            upload.Follow(), new JobFacts(upload.Id), ReadOnlySet<string>.Empty, TestContext.Current.CancellationToken);

    /// <summary>Takes any names beside its own, so that every line with names binds.</summary>
    private static RowPlan Plan() => new(new DatasetDefinition
    {
        Items = new JsonItems { Type = JsonItemType.Array },
        Schema = new TableSchema { Fields = [new FieldDefinition { Name = "id" }], FieldsMatch = FieldsMatch.Subset },
        Load = new LoadPolicy { Table = new TableName("public", "trips") },
    });
}
