using PipelineService.Core.Datasets;
using PipelineService.Core.Parsing;
using PipelineService.Core.Parsing.Csv;
using Xunit;

namespace PipelineService.Core.Tests.Parsing.Csv;

public sealed class RejectHeaderTests
{
    private const string Own = "_raw,_record,_line,_field,_code,_message";

    [Theory]
    [InlineData("a,b")]
    [InlineData("a,b,_record,_line,_field,_code,_message")]
    [InlineData("a,b,_raw,_record,_line,_field,_code,_Message")]
    public void Is_none_unless_all_columns_of_the_service_are_there(string header) =>
        Assert.Null(Find(header, "a", "b"));

    [Theory]
    [InlineData("b,a," + Own, "b,a", "0,1", 2)]
    [InlineData("a,_message,_raw,b,_code,_field,_line,_record,x", "a,b,x", "0,3,8", 2)]
    [InlineData("a,_record," + Own, "a,_record", "0,1", 2)]
    [InlineData("'=a,''=b,'c," + Own, "=a,'=b,'c", "0,1,2", 3)]
    public void Tells_the_columns_of_the_data_from_those_of_the_service(string header, string names, string fields, int rawField)
    {
        RejectHeader found = Find(header, "a", "b")!;

        Assert.Equal(names, string.Join(',', found.DataNames));
        Assert.Equal(fields, string.Join(',', found.DataFields));
        Assert.Equal(rawField, found.RawField);
        Assert.Equal(header.Split(',').Length, found.FieldCount);
    }

    [Fact]
    public void Its_names_give_way_to_those_that_the_schema_declares()
    {
        Assert.Equal(Own, string.Join(',', RejectHeader.OwnNames(SchemaOf("a"))));
        Assert.Equal(
            "___raw,___record,___line,___field,___code,___message",
            string.Join(',', RejectHeader.OwnNames(SchemaOf("_record", "__code"))));
        Assert.Null(Find("_raw,_record,_line,_field,_code,_message", "_message"));
        Assert.NotNull(Find("_message,__raw,__record,__line,__field,__code,__message", "_message"));
    }

    [Fact]
    public void Binds_the_columns_of_the_data_where_they_stand()
    {
        TableSchema schema = SchemaOf("a", "b", "c") with { FieldsMatch = FieldsMatch.Superset };
        RejectHeader header = RejectHeader.Find(["b", .. Own.Split(','), "a"], schema)!;

        HeaderBinding binding = HeaderBinding.ByName(header.DataNames, schema, out string? error)!.Within(header);

        Assert.Null(error);
        Assert.Equal([7, 0, -1], binding.FieldOfColumn);
        Assert.Equal((8, 1, true), (binding.FieldCount, binding.RawField, binding.IsGuarded));
    }

    private static RejectHeader? Find(string header, params string[] declared) =>
        RejectHeader.Find([.. header.Split(',')], SchemaOf(declared));

    private static TableSchema SchemaOf(params string[] names) =>
        new() { Fields = [.. names.Select(name => new FieldDefinition { Name = name })] };
}
