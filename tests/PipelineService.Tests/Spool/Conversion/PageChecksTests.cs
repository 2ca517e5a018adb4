using System.Text;
using PipelineService.Core.Datasets;
using PipelineService.Spool.Conversion;
using PipelineService.Spool.Conversion.Packing;
using PipelineService.Spool.Conversion.Parquet;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Spool.Conversion;

/// <summary>What a Parquet file says of its pages is held against them: the library that reads it believes the one or the other.</summary>
public sealed class PageChecksTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    /// <summary>One column of five values: each its own row, or in lists of two and three.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void What_is_as_it_says_has_no_fault_and_is_read(bool isRepeated)
    {
        foreach (ParquetCodec codec in Enum.GetValues<ParquetCodec>())
        {
            ParquetBytes file = new() { IsRepeated = isRepeated, Codec = codec, Rows = isRepeated ? 2 : 5 };

            Assert.Null(FaultOf(file.Write()));
            Assert.Equal(isRepeated ? "[[1,2]]\n[[3,4,5]]\n" : "[1]\n[2]\n[3]\n[4]\n[5]\n", Read(file.Write()));
        }
    }

    [Fact]
    public void Values_that_are_missing_or_too_many_are_told()
    {
        Assert.Contains("the pages of column \"v\" in row group 1 have 21 values, and the end of the file says 5", FaultOf(new ParquetBytes { PageValues = 21 }.Write()), StringComparison.Ordinal);
        Assert.Contains("have 4 values, and the end of the file says 5", FaultOf(new ParquetBytes { PageValues = 4 }.Write()), StringComparison.Ordinal);
        Assert.Contains("column \"v\" in row group 1 has 5 values, and the row group 6 rows", FaultOf(new ParquetBytes { Rows = 6 }.Write()), StringComparison.Ordinal);
    }

    [Fact]
    public void A_page_that_goes_beyond_its_column_is_told()
    {
        Assert.Matches("a page of column \"v\" in row group 1 ends at byte \\d+, and the column at byte \\d+", FaultOf(new ParquetBytes { MissingBytes = 1 }.Write()));
    }

    /// <summary>Whose is what comes before the first row? Told whatever the page is compressed with.</summary>
    [Fact]
    public void A_list_that_begins_before_its_row_is_told()
    {
        foreach (ParquetCodec codec in Enum.GetValues<ParquetCodec>())
        {
            foreach (byte[] levels in (byte[][])[[3, 0b00001], [2, 1, 8, 0], [3, 0b11111, 3, 0]])
            {
                ParquetBytes file = new() { IsRepeated = true, Codec = codec, Levels = levels, Rows = 2 };

                Assert.Contains("begins in the middle of a list", FaultOf(file.Write()), StringComparison.Ordinal);
            }
        }
    }

    [Theory]
    [InlineData("0A0461621101", ParquetCodec.Snappy, "abbbbbbbbb")]
    [InlineData("0C04616206FFFF", ParquetCodec.Snappy, "ab")]
    [InlineData("0400610A0100", ParquetCodec.Snappy, "aaaa")]
    [InlineData("09F00461626364650F01000000", ParquetCodec.Snappy, "abcdeeeee")]
    [InlineData("2461620100", ParquetCodec.Lz4, "abbbbbbbbb")]
    [InlineData("1F61010000", ParquetCodec.Lz4, "aaaaaaaaaaaa")]
    [InlineData("F0006162636465666768696A6B6C6D6E6F", ParquetCodec.Lz4, "abcdefghijkl")]
    [InlineData("1061", ParquetCodec.Lz4, "a")]
    [InlineData("1061FFFF", ParquetCodec.Lz4, "a")]
    [InlineData("", ParquetCodec.Lz4, "")]
    [InlineData("FFFFFFFFFFFFFFFFFF", ParquetCodec.Snappy, "")]
    [InlineData("1F8B0000", ParquetCodec.Gzip, "")]
    [InlineData("28B52FFD0000", ParquetCodec.Zstd, "")]
    public void The_beginning_of_a_page_is_read_as_far_as_it_goes(string page, object codec, string begin)
    {
        byte[] bytes = Convert.FromHexString(page), made = new byte[12];

        int length = PageBeginning.Decode((ParquetCodec)codec, bytes, bytes.Length, made);

        Assert.StartsWith(begin, Encoding.ASCII.GetString(made, 0, length), StringComparison.Ordinal);
        Assert.InRange(length, begin.Length, made.Length);
    }

    /// <summary>By hand for as long as wanted: see <see cref="ByHandFor"/>.</summary>
    [Fact]
    public async Task Whatever_a_file_says_there_is_a_fault_or_none()
    {
        const int CountDefault = 300;
        byte[][] originals =
        [
            .. await FileMutation.OriginalsAsync("parquet", TestContext.Current.CancellationToken),
            .. from codec in Enum.GetValues<ParquetCodec>()
               from isRepeated in (bool[])[false, true]
               select new ParquetBytes { Codec = codec, IsRepeated = isRepeated, Rows = isRepeated ? 2 : 5 }.Write(),
        ];
        ByHandFor run = new(CountDefault);
        int faults = 0;
        while (run.GoesOn())
        {
            byte[] file = new FileMutation(run.Seed).Next(originals);
            try
            {
                faults += FaultOf(file) is null ? 0 : 1;
            }
            catch (Exception e)
            {
                Assert.Fail($"PIPELINE_FUZZ_SEED={run.Seed}: {e}: {Convert.ToHexString(file)}");
            }
        }

        run.Tell($"pages of Parquet files, {faults} with a fault", bytesLeftMax: 64 << 20);
    }

    public void Dispose() => _folder.Dispose();

    private string? FaultOf(byte[] file) => PageChecks.FaultOf(Written(file));

    private string Read(byte[] file)
    {
        using MemoryStream rows = new();
        ParquetConverter.Convert(
            new ConversionRequest(DataFormat.Parquet, Written(file), new Dictionary<string, WantedForm>(), MemoryBytes: 300 << 20), new PackedRows(rows));
        string lines = Encoding.UTF8.GetString(Core.Parsing.Packed.PackedText.OfFile(rows.ToArray()));
        return lines[(lines.IndexOf('\n', StringComparison.Ordinal) + 1)..];
    }

    private string Written(byte[] file)
    {
        string path = Path.Combine(_folder.Path, "file");
        File.WriteAllBytes(path, file);
        return path;
    }
}
